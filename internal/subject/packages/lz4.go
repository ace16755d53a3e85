package packages

import (
	"encoding/binary"
	"errors"
)

var errLZ4 = errors.New("not a valid LZ4 frame")

// UnpackLZ4 reads the frame format of LZ4, in which apt keeps lists when Acquire::GzipIndexes is
// on. Checksums are not verified: the file was written by apt on this host. More than limit bytes
// are an error.
func UnpackLZ4(data []byte, limit int) ([]byte, error) {
	var out []byte
	for len(data) > 0 {
		if len(data) < 7 {
			return nil, errLZ4
		}
		magic := binary.LittleEndian.Uint32(data)
		if magic&^0xf == 0x184D2A50 { // a frame to skip
			if len(data) < 8 {
				return nil, errLZ4
			}
			n := int(binary.LittleEndian.Uint32(data[4:]))
			if n > len(data)-8 {
				return nil, errLZ4
			}
			data = data[8+n:]
			continue
		}
		if magic != 0x184D2204 || data[4]>>6 != 1 {
			return nil, errLZ4
		}
		flags := data[4]
		at := 7
		if flags&0x08 != 0 {
			at += 8
		}
		if flags&0x01 != 0 {
			at += 4
		}
		if at > len(data) {
			return nil, errLZ4
		}
		if out == nil {
			out = make([]byte, 0, min(limit, 3*len(data)))
		}
		var err error
		out, data, err = blocks(out, data[at:], flags, limit)
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

func blocks(out, data []byte, flags byte, limit int) ([]byte, []byte, error) {
	for {
		if len(data) < 4 {
			return nil, nil, errLZ4
		}
		size := binary.LittleEndian.Uint32(data)
		data = data[4:]
		if size == 0 {
			break
		}
		raw := size&(1<<31) != 0
		n := int(size &^ (1 << 31))
		if n > len(data) {
			return nil, nil, errLZ4
		}
		if raw {
			if len(out)+n > limit {
				return nil, nil, errors.New("unpacks to more than the limit")
			}
			out = append(out, data[:n]...)
		} else {
			var err error
			if out, err = block(out, data[:n], limit); err != nil {
				return nil, nil, err
			}
		}
		data = data[n:]
		if flags&0x10 != 0 {
			if len(data) < 4 {
				return nil, nil, errLZ4
			}
			data = data[4:]
		}
	}
	if flags&0x04 != 0 {
		if len(data) < 4 {
			return nil, nil, errLZ4
		}
		data = data[4:]
	}
	return out, data, nil
}

// block unpacks one block. Matches may reach back into earlier blocks.
func block(out, in []byte, limit int) ([]byte, error) {
	for i := 0; i < len(in); {
		token := in[i]
		i++
		literals, next, ok := length(in, i, int(token>>4))
		i = next
		if !ok || literals > len(in)-i {
			return nil, errLZ4
		}
		out = append(out, in[i:i+literals]...)
		i += literals
		if len(out) > limit {
			return nil, errors.New("unpacks to more than the limit")
		}
		if i == len(in) {
			return out, nil
		}
		if i+2 > len(in) {
			return nil, errLZ4
		}
		offset := int(in[i]) | int(in[i+1])<<8
		match, next, ok := length(in, i+2, int(token&15))
		i = next
		match += 4
		if !ok || offset == 0 || offset > len(out) || len(out)+match > limit {
			return nil, errLZ4
		}
		for match > 0 {
			from := out[len(out)-offset:]
			n := min(match, len(from))
			out = append(out, from[:n]...)
			match -= n
		}
	}
	return out, nil
}

func length(in []byte, i, n int) (int, int, bool) {
	if n != 15 {
		return n, i, true
	}
	for {
		if i >= len(in) {
			return 0, i, false
		}
		b := in[i]
		i++
		n += int(b)
		if b != 255 {
			return n, i, true
		}
	}
}
