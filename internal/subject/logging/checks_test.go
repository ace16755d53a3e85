package logging

import (
	"testing"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/check/checktest"
)

func TestChecks(t *testing.T) {
	checktest.Run(t, Source, []*check.Check{
		Logger, Persistent, Compressed, JournalLimit, Rotated, Remote, RemoteTLS, NoInput,
		CreateMode, NotWritable, NotReadable,
		AuditInstalled, AuditRules, AuditImmutable, AuditKept, AuditFull, AuditBacklog, AuditEarly,
	})
}
