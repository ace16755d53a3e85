package estate

import (
	"slices"
	"strconv"
	"strings"

	"holdfast.example/holdfast/internal/estate/scalar"
)

// System is a host, a container engine or a cluster.
type System struct {
	Name         string            `yaml:"name" rule:"required,name" doc:"Name of the system, unique in its environment."`
	Application  string            `yaml:"application" rule:"ref=application" doc:"Application that runs on it."`
	Applications []string          `yaml:"applications" rule:"ref=application" doc:"Applications that share it, instead of application."`
	Environment  string            `yaml:"environment" rule:"required,ref=environment" doc:"Environment that it stands in."`
	Zone         string            `yaml:"zone" rule:"ref=zone" doc:"Zone of the environment."`
	Target       Target            `yaml:"target" doc:"How to look at it."`
	Agent        bool              `yaml:"agent" doc:"An agent runs on it."`
	Services     []Service         `yaml:"services" doc:"What listens on it, and for whom."`
	Runs         []string          `yaml:"runs" doc:"Services and modules that belong there (A.5.2.2)."`
	Logs         []LogSource       `yaml:"logs" doc:"Where it writes its logs: journald, syslog, or file:/path on the system."`
	Namespaces   []string          `yaml:"namespaces" rule:"name" doc:"Namespaces of a cluster that belong to the application."`
	Labels       map[string]string `yaml:"labels" doc:"Your own labels."`
	Exposure     Exposure          `yaml:"exposure" doc:"Overrides the exposure of the application for this system."`
	Critical     bool              `yaml:"critical" doc:"Asks for step-up at the access gate."`
	ProbeTLS     TLSProbing        `yaml:"probe_tls" default:"gentle" doc:"intrusive: probes of its endpoints also send what a fragile TLS server may stumble over."`
	ProbeMethods Probing           `yaml:"probe_methods" default:"read" doc:"write: probes also send PUT, DELETE and the like, harmlessly."`
	Formerly     []string          `yaml:"formerly" rule:"name" doc:"Earlier names; history moves along."`
	Decommission Date              `yaml:"decommission" doc:"A date starts the checklist of A.5.9.2."`

	At Place `yaml:"-"`
}

// Subject is the name under which the system is judged, such as prod/web-1.
func (s *System) Subject() string { return s.Environment + "/" + s.Name }

// ApplicationNames are the names of the applications on the system, however they were declared.
func (s *System) ApplicationNames() []string {
	if s.Application != "" {
		return []string{s.Application}
	}
	return s.Applications
}

func (s *System) check(c *checker) {
	if s.Application != "" && s.Applications != nil {
		c.wrong(c.at("applications"), "applications: give application or applications, not both")
	}
	seen := make(map[string]bool, len(s.Services))
	for i := range s.Services {
		for _, transport := range s.Services[i].Transports() {
			key := strconv.Itoa(s.Services[i].Port) + "/" + transport
			if s.Services[i].Port != 0 && seen[key] {
				c.wrong(c.at("services", i, "port"), "port: "+key+" is declared twice on this system")
			}
			seen[key] = true
		}
	}
}

// Service is what listens on a port of a system.
type Service struct {
	Port     int      `yaml:"port" rule:"required,port" doc:"Port number."`
	Protocol string   `yaml:"protocol" rule:"protocol" default:"tcp" doc:"What is spoken: https, ssh, postgres ..., or tcp or udp."`
	Audience []string `yaml:"audience" rule:"one,ref=audience" doc:"Who may reach it: internet, internal, local, or names of gates, systems, zones, applications, environments or networks."`
	Kind     EndKind  `yaml:"kind" doc:"What an HTTP service is."`
	URL      URL      `yaml:"url" doc:"Address under which users know it."`
	Handlers []string `yaml:"handlers" doc:"File handlers that may execute, such as .php."`
	Methods  []string `yaml:"methods" rule:"method" doc:"HTTP methods that it answers."`
}

// datagram holds the protocols that do not run over TCP; those marked true run over both.
var datagram = map[string]bool{
	"udp": false, "quic": false, "http3": false, "ntp": false, "snmp": false, "dhcp": false, "tftp": false,
	"mdns": false, "wireguard": false, "ipsec": false, "rtp": false, "statsd": false, "dtls": false,
	"dns": true, "syslog": true, "radius": true, "kerberos": true, "sip": true,
}

// Transports are the transport protocols of the service: tcp, udp or both.
func (s Service) Transports() []string {
	both, isUDP := datagram[s.Protocol]
	switch {
	case both:
		return []string{"tcp", "udp"}
	case isUDP:
		return []string{"udp"}
	}
	return []string{"tcp"}
}

// Local tells whether nobody but the system itself may reach the service. A service without
// declared remote clients counts as local.
func (s Service) Local() bool {
	return len(s.Audience) == 0 || len(s.Audience) == 1 && s.Audience[0] == "local"
}

func (s *Service) check(c *checker) {
	if len(s.Audience) > 1 && slices.Contains(s.Audience, "local") {
		c.wrong(c.at("audience"), "audience: local means nobody else; leave the others out")
	}
	for i, h := range s.Handlers {
		if !strings.HasPrefix(h, ".") {
			c.wrong(c.at("handlers", i), "handlers: "+scalar.Quote(h)+" is not a file ending such as .php")
		}
	}
}
