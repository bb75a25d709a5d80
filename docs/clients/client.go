// A client of Stevedore's HTTP API in Go (1.19 or newer), with its standard library alone. Prints JSON.
//
//	client checksum IMAGE     the image's checksum, computed unless it is stored already
//	client store FILE         uploads an archive with its digest and stores it as an image
//	client follow QUEUE JOB   what happens to a job until it ends; goes on where it was if the connection breaks
//	client batch              the checksums of all images; exit code 1 if one has failed
package main

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

// Problem is what the API refused; its code is stable.
type Problem struct {
	Status int    `json:"status"`
	Code   string `json:"code"`
	Detail string `json:"detail"`
}

func (p *Problem) Error() string { return p.Code + ": " + p.Detail }

// Record is a job.
type Record struct {
	ID     string          `json:"id"`
	Queue  string          `json:"queue"`
	State  string          `json:"state"`
	Result json.RawMessage `json:"result"`
}

// ask sends a request and returns the answer, whose body is the caller's to close.
func ask(method, path string, body io.Reader, header map[string]string) (*http.Response, error) {
	base := os.Getenv("STEVEDORE_URL")
	if base == "" {
		base = "http://127.0.0.1:7878"
	}
	request, err := http.NewRequest(method, base+path, body)
	if err != nil {
		return nil, err
	}
	if token := os.Getenv("STEVEDORE_TOKEN"); token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	for name, value := range header {
		request.Header.Set(name, value)
	}
	if file, ok := body.(*os.File); ok {
		info, err := file.Stat()
		if err != nil {
			return nil, err
		}
		request.ContentLength = info.Size()
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil || answer.StatusCode < 400 {
		return answer, err
	}
	defer answer.Body.Close()
	problem := &Problem{Status: answer.StatusCode}
	if err := json.NewDecoder(answer.Body).Decode(problem); err != nil {
		return nil, errors.New(answer.Status)
	}
	return nil, problem
}

// run enqueues a job and waits for its result, five minutes at a time. The key makes the same job of each try.
func run(job string, data any) (json.RawMessage, error) {
	key := make([]byte, 16)
	if _, err := rand.Read(key); err != nil {
		return nil, err
	}
	text, err := json.Marshal(data)
	if err != nil {
		return nil, err
	}
	header := map[string]string{"Content-Type": "application/json", "Idempotency-Key": fmt.Sprintf("\"%x\"", key)}
	for {
		answer, err := ask("POST", "/api/v1/jobs/"+job+"?wait=300", bytes.NewReader(text), header)
		if err != nil {
			return nil, err
		}
		var record Record
		err = json.NewDecoder(answer.Body).Decode(&record)
		answer.Body.Close()
		if err != nil || record.State == "completed" {
			return record.Result, err
		}
	}
}

// upload brings an archive with its digest and returns what a store job takes.
func upload(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	hash := sha256.New()
	if _, err := io.Copy(hash, file); err != nil {
		return "", err
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return "", err
	}
	digest := base64.StdEncoding.EncodeToString(hash.Sum(nil))
	header := map[string]string{
		"Content-Type":   "application/octet-stream",
		"Content-Digest": "sha-256=:" + digest + ":",
	}
	answer, err := ask("PUT", "/api/v1/uploads", file, header)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	var brought struct {
		Upload string `json:"upload"`
	}
	err = json.NewDecoder(answer.Body).Decode(&brought)
	return brought.Upload, err
}

// follow tells the events of a job until it ends.
func follow(queue, job string, tell func(name, data string)) error {
	path := "/api/v1/jobs/" + url.PathEscape(queue) + "/" + url.PathEscape(job) + "/events"
	last := ""
	for ; ; time.Sleep(time.Second) {
		header := map[string]string{}
		if last != "" {
			header["Last-Event-ID"] = last
		}
		answer, err := ask("GET", path, nil, header)
		var problem *Problem
		if errors.As(err, &problem) && problem.Status != 503 {
			return err
		}
		if err != nil {
			continue
		}
		hasEnded := answer.StatusCode == http.StatusNoContent
		name := ""
		lines := bufio.NewScanner(answer.Body)
		lines.Buffer(nil, 16<<20)
		for !hasEnded && lines.Scan() {
			field, value, _ := strings.Cut(lines.Text(), ": ")
			switch field {
			case "id":
				last = value
			case "event":
				name = value
			case "data":
				tell(name, value)
				var state Record
				_ = json.Unmarshal([]byte(value), &state)
				hasEnded = name == "state" && (state.State == "completed" || state.State == "failed")
			}
		}
		answer.Body.Close()
		if hasEnded {
			return nil
		}
	}
}

func do(args []string) error {
	show := func(result json.RawMessage, err error) error {
		if err == nil {
			fmt.Println(string(result))
		}
		return err
	}
	switch {
	case len(args) == 2 && args[0] == "checksum":
		return show(run("checksum", map[string]any{"id": args[1]}))
	case len(args) == 2 && args[0] == "store":
		name, err := upload(args[1])
		if err != nil {
			return err
		}
		return show(run("store", map[string]any{"layer": map[string]any{"upload": name}}))
	case len(args) == 3 && args[0] == "follow":
		return follow(args[1], args[2], func(name, data string) { fmt.Println(name, data) })
	case len(args) == 1 && args[0] == "batch":
		result, err := run("checksum-graph", map[string]any{})
		if err := show(result, err); err != nil {
			return err
		}
		var sums struct{ Failed []any }
		if err := json.Unmarshal(result, &sums); err != nil {
			return err
		}
		if len(sums.Failed) > 0 {
			return fmt.Errorf("%d images have failed", len(sums.Failed))
		}
		return nil
	}
	return errors.New("usage: client checksum IMAGE | store FILE | follow QUEUE JOB | batch")
}

func main() {
	if err := do(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
