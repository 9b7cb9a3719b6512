// Decodes every valid vector with the generated types, encodes it again and says what was lost on the way. Members
// that the schema does not know are rightly lost.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sort"

	client "roomcast/clientmessages"
	data "roomcast/datasignals"
	server "roomcast/servermessages"
)

type vectors struct {
	Vectors []struct {
		Message string            `json:"message"`
		Valid   []json.RawMessage `json:"valid"`
	} `json:"vectors"`
}

// known collects the names of all members that a schema describes.
func known(schema any, names map[string]bool) {
	switch schema := schema.(type) {
	case map[string]any:
		if properties, ok := schema["properties"].(map[string]any); ok {
			for name := range properties {
				names[name] = true
			}
		}
		for _, value := range schema {
			known(value, names)
		}
	case []any:
		for _, value := range schema {
			known(value, names)
		}
	}
}

// lost lists the members of one value that are not the same in another.
func lost(path string, before, after any, names map[string]bool) []string {
	if before == nil && after == nil {
		return nil
	}
	switch before := before.(type) {
	case map[string]any:
		there, _ := after.(map[string]any)
		var missing []string
		for name, value := range before {
			if _, kept := there[name]; kept || names[name] {
				missing = append(missing, lost(path+"/"+name, value, there[name], names)...)
			}
		}
		sort.Strings(missing)
		return missing
	case []any:
		there, _ := after.([]any)
		if len(there) != len(before) {
			return []string{path}
		}
		var missing []string
		for index, value := range before {
			missing = append(missing, lost(fmt.Sprintf("%s/%d", path, index), value, there[index], names)...)
		}
		return missing
	}
	if before != after {
		return []string{path}
	}
	return nil
}

func roundTrip(value []byte, message any, names map[string]bool) ([]string, error) {
	if err := json.Unmarshal(value, message); err != nil {
		return nil, err
	}
	text, err := json.Marshal(message)
	if err != nil {
		return nil, err
	}
	var before, after any
	if err := json.Unmarshal(value, &before); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(text, &after); err != nil {
		return nil, err
	}
	return lost("", before, after, names), nil
}

func read(path string, into any) {
	text, err := os.ReadFile(path)
	if err != nil {
		panic(err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		panic(err)
	}
}

func main() {
	kinds := map[string]func() any{
		"client-messages": func() any { return new(client.ClientMessages) },
		"server-messages": func() any { return new(server.ServerMessages) },
		"data-signals":    func() any { return new(data.DataSignals) },
	}
	decoded, failed := 0, false
	for name, empty := range kinds {
		var document vectors
		read(filepath.Join(os.Args[1], "vectors", name+".json"), &document)
		var schema any
		read(filepath.Join(os.Args[1], name+".schema.json"), &schema)
		names := map[string]bool{}
		known(schema, names)
		for _, message := range document.Vectors {
			for _, value := range message.Valid {
				missing, err := roundTrip(value, empty(), names)
				if err != nil || len(missing) > 0 {
					fmt.Printf("%s: %v %v: %s\n", message.Message, err, missing, value)
					failed = true
				}
				decoded++
			}
		}
	}
	fmt.Printf("%d valid decoded and encoded again\n", decoded)
	if failed || decoded == 0 {
		os.Exit(1)
	}
}
