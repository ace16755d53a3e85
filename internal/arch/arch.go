// Package arch holds the rules of the house as tests, each with its reason. It has no code of its own.
package arch
