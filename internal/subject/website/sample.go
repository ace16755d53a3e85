package website

// sample is a page with these headers, as name and value in turn.
func sample(headers ...string) Fact {
	f := Fact{URL: "https://shop.example/", Address: "192.0.2.1:443", Status: 200}
	for i := 0; i+1 < len(headers); i += 2 {
		f.Headers = append(f.Headers, Header{headers[i], headers[i+1]})
	}
	return f
}
