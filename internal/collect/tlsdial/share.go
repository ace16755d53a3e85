package tlsdial

import (
	"crypto/ecdh"
	"crypto/mlkem"
	"crypto/rand"
)

const (
	x25519       uint16 = 0x001d
	x25519MLKEM7 uint16 = 0x11ec // X25519MLKEM768
)

// keyShare is our half of a key exchange of TLS 1.3.
type keyShare struct {
	group  uint16
	public []byte
	secret func(theirs []byte) ([]byte, error)
}

// curveOf gives the curves that the standard library has; nil for others.
func curveOf(group uint16) ecdh.Curve {
	switch group {
	case x25519:
		return ecdh.X25519()
	case 0x0017:
		return ecdh.P256()
	case 0x0018:
		return ecdh.P384()
	case 0x0019:
		return ecdh.P521()
	}
	return nil
}

// newShare makes a share of a curve, or of X25519MLKEM768 (draft-ietf-tls-ecdhe-mlkem section 4).
func newShare(group uint16) (keyShare, error) {
	if group == x25519MLKEM7 {
		return hybridShare()
	}
	curve := curveOf(group)
	if curve == nil {
		return keyShare{}, errKit
	}
	key, err := curve.GenerateKey(rand.Reader)
	if err != nil {
		return keyShare{}, err
	}
	return keyShare{group: group, public: key.PublicKey().Bytes(), secret: func(theirs []byte) ([]byte, error) {
		p, err := curve.NewPublicKey(theirs)
		if err != nil {
			return nil, errForm
		}
		return key.ECDH(p)
	}}, nil
}

func hybridShare() (keyShare, error) {
	curve, err := newShare(x25519)
	if err != nil {
		return keyShare{}, err
	}
	key, err := mlkem.GenerateKey768()
	if err != nil {
		return keyShare{}, err
	}
	public := append(key.EncapsulationKey().Bytes(), curve.public...)
	return keyShare{group: x25519MLKEM7, public: public, secret: func(theirs []byte) ([]byte, error) {
		if len(theirs) != mlkem.CiphertextSize768+32 {
			return nil, errForm
		}
		first, err := key.Decapsulate(theirs[:mlkem.CiphertextSize768])
		if err != nil {
			return nil, errForm
		}
		second, err := curve.secret(theirs[mlkem.CiphertextSize768:])
		return append(first, second...), err
	}}, nil
}
