package report

import "time"

// The part of the OSCAL assessment results model (NIST, 1.2.1) that is filled.

type oscalDocument struct {
	Results oscalResults `json:"assessment-results"`
}

type oscalResults struct {
	UUID       string          `json:"uuid"`
	Metadata   oscalMetadata   `json:"metadata"`
	ImportAP   oscalHref       `json:"import-ap"`
	Results    []oscalResult   `json:"results"`
	BackMatter oscalBackMatter `json:"back-matter"`
}

type oscalMetadata struct {
	Title        string    `json:"title"`
	LastModified time.Time `json:"last-modified"`
	Version      string    `json:"version"`
	OSCAL        string    `json:"oscal-version"`
}

type oscalHref struct {
	Href    string `json:"href"`
	Remarks string `json:"remarks,omitempty"`
}

type oscalBackMatter struct {
	Resources []oscalResource `json:"resources"`
}

type oscalResource struct {
	UUID        string `json:"uuid"`
	Title       string `json:"title"`
	Description string `json:"description"`
}

type oscalResult struct {
	UUID         string             `json:"uuid"`
	Title        string             `json:"title"`
	Description  string             `json:"description"`
	Start        time.Time          `json:"start"`
	End          time.Time          `json:"end"`
	Props        []oscalProp        `json:"props,omitempty"`
	Local        oscalLocal         `json:"local-definitions"`
	Reviewed     oscalReviewed      `json:"reviewed-controls"`
	Observations []oscalObservation `json:"observations,omitempty"`
	Risks        []oscalRisk        `json:"risks,omitempty"`
	Findings     []oscalFinding     `json:"findings,omitempty"`
	Remarks      string             `json:"remarks,omitempty"`
}

type oscalProp struct {
	Name  string `json:"name"`
	NS    string `json:"ns"`
	Value string `json:"value"`
}

type oscalLocal struct {
	Components []oscalComponent `json:"components"`
	Inventory  []oscalInventory `json:"inventory-items,omitempty"`
}

type oscalComponent struct {
	UUID        string     `json:"uuid"`
	Type        string     `json:"type"`
	Title       string     `json:"title"`
	Description string     `json:"description"`
	Status      oscalState `json:"status"`
}

type oscalState struct {
	State   string `json:"state"`
	Reason  string `json:"reason,omitempty"`
	Remarks string `json:"remarks,omitempty"`
}

type oscalInventory struct {
	UUID        string      `json:"uuid"`
	Description string      `json:"description"`
	Props       []oscalProp `json:"props,omitempty"`
}

type oscalReviewed struct {
	Selections []oscalSelection `json:"control-selections"`
}

type oscalSelection struct {
	All     *struct{}      `json:"include-all,omitempty"`
	Include []oscalControl `json:"include-controls,omitempty"`
}

type oscalControl struct {
	ID string `json:"control-id"`
}

type oscalObservation struct {
	UUID        string         `json:"uuid"`
	Title       string         `json:"title"`
	Description string         `json:"description"`
	Props       []oscalProp    `json:"props,omitempty"`
	Methods     []string       `json:"methods"`
	Types       []string       `json:"types"`
	Origins     []oscalOrigin  `json:"origins"`
	Subjects    []oscalSubject `json:"subjects"`
	Collected   time.Time      `json:"collected"`
}

type oscalSubject struct {
	UUID string `json:"subject-uuid"`
	Type string `json:"type"`
}

type oscalOrigin struct {
	Actors []oscalActor `json:"actors"`
}

type oscalActor struct {
	Type string `json:"type"`
	UUID string `json:"actor-uuid"`
}

type oscalRisk struct {
	UUID         string           `json:"uuid"`
	Title        string           `json:"title"`
	Description  string           `json:"description"`
	Statement    string           `json:"statement"`
	Props        []oscalProp      `json:"props,omitempty"`
	Status       string           `json:"status"`
	Character    []oscalCharacter `json:"characterizations"`
	Deadline     *time.Time       `json:"deadline,omitempty"`
	Remediations []oscalResponse  `json:"remediations,omitempty"`
	Observations []oscalRelated   `json:"related-observations"`
}

type oscalCharacter struct {
	Origin oscalOrigin  `json:"origin"`
	Facets []oscalFacet `json:"facets"`
}

type oscalFacet struct {
	Name   string `json:"name"`
	System string `json:"system"`
	Value  string `json:"value"`
}

type oscalResponse struct {
	UUID        string `json:"uuid"`
	Lifecycle   string `json:"lifecycle"`
	Title       string `json:"title"`
	Description string `json:"description"`
}

type oscalFinding struct {
	UUID         string         `json:"uuid"`
	Title        string         `json:"title"`
	Description  string         `json:"description"`
	Props        []oscalProp    `json:"props,omitempty"`
	Target       oscalTarget    `json:"target"`
	Observations []oscalRelated `json:"related-observations,omitempty"`
	Risks        []oscalAssoc   `json:"related-risks,omitempty"`
}

type oscalTarget struct {
	Type   string     `json:"type"`
	ID     string     `json:"target-id"`
	Title  string     `json:"title"`
	Status oscalState `json:"status"`
}

type oscalRelated struct {
	UUID string `json:"observation-uuid"`
}

type oscalAssoc struct {
	UUID string `json:"risk-uuid"`
}
