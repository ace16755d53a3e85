package agent

// Subjects of the bus. Each environment is an account of its own, in which nobody of another one can name anything; the
// environment stands in the subjects all the same, so that they stay apart where one account has to do.
const (
	JoinSubject = "hf.join" // in the account where nobody is known yet
	JoinUser    = "join"
)

// Facts is where an agent puts its reports.
func Facts(environment, id string) string { return "hf." + environment + ".facts." + id }

// AllFacts is where the reports of an environment are read.
func AllFacts(environment string) string { return "hf." + environment + ".facts.*" }

// Renewal is where an agent asks for its next certificate.
func Renewal(environment, id string) string { return "hf." + environment + ".renew." + id }

// AllRenewals is where such requests of an environment are read.
func AllRenewals(environment string) string { return "hf." + environment + ".renew.*" }

// Jobs is where an agent hears what to do now.
func Jobs(environment, id string) string { return "hf." + environment + ".job." + id }

// AllJobs is where control planes tell each other of jobs for agents of an environment.
func AllJobs(environment string) string { return "hf." + environment + ".job.*" }

// Inbox is the prefix of subjects on which an agent gets answers.
func Inbox(id string) string { return "_INBOX_" + id }

// JoinInbox is the prefix of subjects on which the bearer of a token gets its answer.
func JoinInbox(digest string) string { return "_INBOX_" + digest[:32] }

// ServerName is the name in the certificate of the server that agents dial. It is bound to the authority and not to an
// address, which may change.
const ServerName = "hub.holdfast.internal"
