package sbom

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// property is a free value of CycloneDX. Syft tells there where a package was found, and which release a system is.
type property struct {
	Name  string `xml:"name,attr"`
	Value string `xml:",chardata"`
}

func (p property) isPlace() bool {
	return strings.HasPrefix(p.Name, "syft:location:") && strings.HasSuffix(p.Name, ":path")
}

// cdxComponent is what is read of a component. Source: CycloneDX 1.4 to 1.7, "component".
type cdxComponent struct {
	Type, Group, Name, Version, PURL string
	Properties                       []property
	places                           []string
}

// metadata reads what the document is about.
func (r *reader) metadata(d *jsontext.Decoder) error {
	return members(d, func(name string) error {
		if name != "component" {
			return d.SkipValue()
		}
		return r.cdx(d, 0, true)
	})
}

var errDeep = fmt.Errorf("nests components more than %d deep", maxDepth)

// cdx reads one component with all that are inside it. A file of 100 MB may be a single one: what is inside is not
// held before it is read.
func (r *reader) cdx(d *jsontext.Decoder, depth int, main bool) error {
	if depth > maxDepth {
		return errDeep
	}
	var c cdxComponent
	fields := map[string]*string{"type": &c.Type, "group": &c.Group, "name": &c.Name, "version": &c.Version, "purl": &c.PURL}
	err := members(d, func(name string) (err error) {
		if into, ok := fields[name]; ok {
			*into, err = text(d)
			return err
		}
		switch name {
		case "properties":
			return each(d, func() error {
				var p property
				if err := members(d, func(name string) (err error) {
					switch name {
					case "name":
						p.Name, err = text(d)
					case "value":
						p.Value, err = text(d)
					default:
						err = d.SkipValue()
					}
					return err
				}); err != nil {
					return err
				}
				c.keep(p)
				return nil
			})
		case "evidence":
			return members(d, func(name string) error {
				if name != "occurrences" {
					return d.SkipValue()
				}
				return each(d, func() error {
					return members(d, func(name string) error {
						if name != "location" {
							return d.SkipValue()
						}
						place, err := text(d)
						if len(c.places) < maxPlaces {
							c.places = append(c.places, place)
						}
						return err
					})
				})
			})
		case "components":
			return each(d, func() error { return r.cdx(d, depth+1, false) })
		}
		return d.SkipValue()
	})
	if err != nil {
		return err
	}
	return r.take(c, main)
}

// keep takes what is wanted of the properties.
func (c *cdxComponent) keep(p property) {
	switch {
	case p.isPlace():
		if len(c.places) < maxPlaces {
			c.places = append(c.places, p.Value)
		}
	case p.Name == "syft:distro:id", p.Name == "syft:distro:versionID":
		c.Properties = append(c.Properties, p)
	}
}

// take adds a component. Main is what the document is about: where that has no package URL, it is a folder, an image or
// the like.
func (r *reader) take(c cdxComponent, main bool) error {
	out := component{name: c.Name, version: c.Version, purl: c.PURL, kind: strings.ToLower(c.Type), places: c.places}
	if c.Group != "" {
		out.name = c.Group + "/" + c.Name
	}
	if main {
		r.name = c.Name
		if c.PURL == "" && out.kind != "operating-system" {
			out.kind = "file"
		}
	}
	id, release := c.Name, c.Version
	for _, p := range c.Properties {
		switch p.Name {
		case "syft:distro:id":
			id = p.Value
		case "syft:distro:versionID":
			release = p.Value
		}
	}
	if out.kind == "operating-system" && r.os == "" && id != "" {
		r.os = strings.ToLower(id) + "-" + release
	}
	return r.add(out)
}

// xml reads CycloneDX as XML, a component at a time; its fields may stand in any order around those inside it.
func (r *reader) xml(in io.Reader) error {
	d := xml.NewDecoder(in)
	var open []*xmlComponent
	about := false // inside metadata
	for {
		t, err := d.Token()
		switch {
		case errors.Is(err, io.EOF):
			if r.format == "" {
				return errors.New("is XML, but no CycloneDX")
			}
			return nil
		case err != nil:
			return fmt.Errorf("is not whole XML at byte %d: %w", d.InputOffset(), err)
		}
		switch e := t.(type) {
		case xml.StartElement:
			if len(open) == 0 && e.Name.Local == "bom" && r.format == "" {
				version, ok := strings.CutPrefix(e.Name.Space, "http://cyclonedx.org/schema/bom/")
				if !ok {
					return errors.New("is XML, but no CycloneDX")
				}
				r.format = "CycloneDX " + version
				continue
			}
			if err := r.field(d, e, &open, &about); err != nil {
				return err
			}
		case xml.EndElement:
			switch {
			case e.Name.Local == "metadata":
				about = false
			case e.Name.Local == "component" && len(open) > 0:
				c := open[len(open)-1]
				open = open[:len(open)-1]
				if err := r.take(c.cdxComponent, c.main); err != nil {
					return err
				}
			}
		}
	}
}

type xmlComponent struct {
	cdxComponent
	main bool // what the document is about
}

// field reads the start of an element: a component, or a field of the innermost open one.
func (r *reader) field(d *xml.Decoder, e xml.StartElement, open *[]*xmlComponent, about *bool) error {
	name := e.Name.Local
	switch {
	case r.format == "":
		return errors.New("is XML, but no CycloneDX")
	case name == "metadata":
		*about = true
		return nil
	case name == "component":
		if len(*open) > maxDepth {
			return errDeep
		}
		c := &xmlComponent{main: *about && len(*open) == 0}
		for _, a := range e.Attr {
			if a.Name.Local == "type" {
				c.Type = a.Value
			}
		}
		*open = append(*open, c)
		return nil
	case len(*open) == 0:
		if name == "metadata" || name == "components" {
			return nil
		}
		return skip(d)
	}
	c := (*open)[len(*open)-1]
	fields := map[string]*string{"group": &c.Group, "name": &c.Name, "version": &c.Version, "purl": &c.PURL}
	if into, ok := fields[name]; ok {
		return decode(d, e, into)
	}
	switch name {
	case "property":
		var p property
		if err := decode(d, e, &p); err != nil {
			return err
		}
		c.keep(p)
		return nil
	case "components", "properties":
		return nil
	}
	return skip(d)
}

func decode(d *xml.Decoder, e xml.StartElement, into any) error {
	if err := d.DecodeElement(into, &e); err != nil {
		return fmt.Errorf("is not whole XML at byte %d: %w", d.InputOffset(), err)
	}
	return nil
}

func skip(d *xml.Decoder) error {
	if err := d.Skip(); err != nil {
		return fmt.Errorf("is not whole XML at byte %d: %w", d.InputOffset(), err)
	}
	return nil
}
