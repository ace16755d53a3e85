package listeners

import (
	"encoding/binary"
	"encoding/hex"
	"net/netip"
	"strconv"
	"strings"
)

// socket is one line of /proc/net/tcp, tcp6, udp or udp6 that waits for others.
type socket struct {
	protocol string
	address  string
	port     int
	inode    uint64
}

// States of a socket in these tables: a TCP socket that listens, and a UDP socket that is not
// connected (the kernel reuses TCP_CLOSE for it).
const (
	stateListen = "0A"
	stateClose  = "07"
)

// parseTable reads one table; see Documentation/networking/proc_net_tcp.rst of the kernel. The
// text says what was not understood, empty when all was.
func parseTable(protocol, data string) (found []socket, problem string) {
	head := true
	for line := range strings.Lines(data) {
		if head {
			head = false
			if !strings.Contains(line, "local_address") {
				return nil, "it has no head line"
			}
			continue
		}
		f := strings.Fields(line)
		if len(f) < 10 {
			problem = "a line is too short"
			continue
		}
		if protocol == "tcp" && f[3] != stateListen || protocol == "udp" && f[3] != stateClose {
			continue
		}
		addr, port, ok := endpoint(f[1])
		inode, err := strconv.ParseUint(f[9], 10, 64)
		if !ok || err != nil {
			problem = "a line has no address or inode"
			continue
		}
		found = append(found, socket{protocol, addr, port, inode})
	}
	if head {
		problem = "it is empty"
	}
	return found, problem
}

// endpoint reads 0100007F:1F90. Each four bytes of the address stand in the byte order of the
// machine; every machine that Go supports and Holdfast meets but s390x is little-endian.
func endpoint(s string) (addr string, port int, ok bool) {
	a, p, cut := strings.Cut(s, ":")
	raw, err := hex.DecodeString(a)
	n, perr := strconv.ParseUint(p, 16, 16)
	if !cut || err != nil || perr != nil || len(raw) != 4 && len(raw) != 16 {
		return "", 0, false
	}
	for i := 0; i < len(raw); i += 4 {
		binary.BigEndian.PutUint32(raw[i:], binary.LittleEndian.Uint32(raw[i:]))
	}
	ip, _ := netip.AddrFromSlice(raw)
	return ip.Unmap().String(), int(n), true
}
