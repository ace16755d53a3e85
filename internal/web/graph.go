package web

import "fmt"

// graph is an estate as it is drawn: environments as boxes beside each other, systems in them one below the other.
type graph struct {
	Width, Height float64
	Boxes         []box
	Edges         []edge
}

type box struct {
	X, Y, Width, Height float64
	Title               string
	Nodes               []placed
}

type placed struct {
	Node
	X, Y, Width, Height float64
}

type edge struct {
	Path  string
	Title string
	Ended bool
}

const (
	nodeWidth, nodeHeight, nodeGap = 150.0, 26.0, 10.0
	boxGap, boxHead                = 60.0, 26.0
	internet                       = "internet"
)

// drawn places an estate. What a flow names that is no system here is not drawn, and stands in the table.
func drawn(e Estate) graph {
	g := graph{Height: 80}
	at := map[string]placed{}
	x := 10.0
	outside := placed{Node: Node{ID: internet, Name: internet}, X: x, Y: boxHead + 10, Width: 80, Height: nodeHeight}
	at[internet] = outside
	g.Boxes = append(g.Boxes, box{X: -100, Nodes: []placed{outside}})
	x += outside.Width + boxGap
	for _, env := range e.Environments {
		b := box{X: x, Y: 5, Width: nodeWidth + 20, Title: env.Name + " (" + env.Stage + ")"}
		y := b.Y + boxHead
		for _, n := range env.Nodes {
			p := placed{n, x + 10, y, nodeWidth, nodeHeight}
			b.Nodes = append(b.Nodes, p)
			at[n.ID] = p
			y += nodeHeight + nodeGap
		}
		b.Height = y - b.Y
		g.Height = max(g.Height, b.Y+b.Height+10)
		g.Boxes = append(g.Boxes, b)
		x += b.Width + boxGap
	}
	g.Width = x
	for _, f := range e.Flows {
		from, known := at[f.From]
		to, both := at[f.To]
		if !known || !both {
			continue
		}
		g.Edges = append(g.Edges, edge{curve(from, to), f.From + " to " + f.To + ":" + f.Port + " " + f.Protocol, f.Ended})
	}
	return g
}

// curve leaves a node on the side of the other and enters that on the side of the first; within one box on the right.
func curve(a, b placed) string {
	x1, x2, bend := a.X+a.Width, b.X, boxGap/2
	switch {
	case a.X == b.X:
		x2 = b.X + b.Width
		bend = boxGap / 3
		return fmt.Sprintf("M%.0f %.0fC%.0f %.0f %.0f %.0f %.0f %.0f", x1, a.Y+a.Height/2, x1+bend, a.Y+a.Height/2, x2+bend, b.Y+b.Height/2, x2, b.Y+b.Height/2)
	case a.X > b.X:
		x1, x2, bend = a.X, b.X+b.Width, -bend
	}
	return fmt.Sprintf("M%.0f %.0fC%.0f %.0f %.0f %.0f %.0f %.0f", x1, a.Y+a.Height/2, x1+bend, a.Y+a.Height/2, x2-bend, b.Y+b.Height/2, x2, b.Y+b.Height/2)
}

// viewBox is the frame of a graph.
func (g graph) viewBox() string { return fmt.Sprintf("0 0 %.0f %.0f", g.Width, g.Height) }
