package main

// Verdicts of either side, as they are printed.
const (
	pass = "pass"
	fail = "fail"
	// none: the tool did not judge, because the rule does not apply or was not checked.
	none = "not judged"
)

// peer is what one of the other tools says, by rule.
type peer struct {
	rules map[string]string // rule to verdict
	items map[string][]item // faults of a rule that names several, such as one for each setting
	// silence tells that a pass only means that no fault was named: what the rule asks for may not exist.
	silence bool
}

// item is one fault within a rule: a setting or a folder.
type item struct {
	name string // field of the setting, empty when the tool only gives text
	text string
}
