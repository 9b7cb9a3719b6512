// Reads lines of a type's name, a tab and a message; writes each message as the generated type encodes it again.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"strings"
)

func again(line string) (string, error) {
	name, message, _ := strings.Cut(line, "\t")
	maker, ok := makers[name]
	if !ok {
		return "", fmt.Errorf("there is no type %s", name)
	}
	value := maker()
	if err := json.Unmarshal([]byte(message), value); err != nil {
		return "", err
	}
	text, err := json.Marshal(value)
	return string(text), err
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		text, err := again(lines.Text())
		if err != nil {
			text = "!" + strings.ReplaceAll(err.Error(), "\n", " ")
		}
		fmt.Println(text)
	}
}
