// The life of a service, by Google's client for Go: walkthrough http://HOST:PORT
//
// The client takes the emulator for its HTTP proxy. So its requests keep the hosts that they have at Google: the
// region's for services, the global one for policies.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"google.golang.org/api/googleapi"
	"google.golang.org/api/option"
	run "google.golang.org/api/run/v1"
)

const (
	project  = "conformance"
	region   = "europe-west1"
	image    = "us-docker.pkg.dev/cloudrun/container/hello"
	name     = "go-client"
	canary   = name + "-canary"
	parent   = "namespaces/" + project
	service  = parent + "/services/" + name
	resource = "projects/" + project + "/locations/" + region + "/services/" + name
	// A deployment on the emulator takes milliseconds here; this is for a loaded machine.
	deadline      = 20 * time.Second
	longestReason = 800
)

// step prints "ok TITLE" after work, or "failed TITLE | REASON" and ends the program.
func step(title string, work func() error) {
	if err := work(); err != nil {
		reason := strings.Join(strings.Fields(err.Error()), " ")
		if len(reason) > longestReason {
			reason = reason[:longestReason]
		}
		fmt.Printf("failed %s | %s\n", title, reason)
		os.Exit(1)
	}
	fmt.Printf("ok %s\n", title)
}

// refused expects that a request was refused, with this code and status in the answer's envelope.
func refused(err error, code int, status string) error {
	var refusal *googleapi.Error
	if !errors.As(err, &refusal) {
		return fmt.Errorf("expected %d %s, found %v", code, status, err)
	}
	var answer struct {
		Error struct {
			Code   int
			Status string
		}
	}
	if err := json.Unmarshal([]byte(refusal.Body), &answer); err != nil {
		return fmt.Errorf("the answer is not an envelope: %w: %s", err, refusal.Body)
	}
	if refusal.Code != code || answer.Error.Code != code || answer.Error.Status != status {
		return fmt.Errorf("expected %d %s, found %d: %s", code, status, refusal.Code, refusal.Body)
	}
	return nil
}

// client is the two hosts of the API and the pages of the services, all behind the emulator.
type client struct {
	services *run.NamespacesServicesService
	located  *run.ProjectsLocationsServicesService
	pages    *http.Client
}

func connect(emulator *url.URL) (*client, error) {
	behind := &http.Client{
		Timeout:   10 * time.Second,
		Transport: &http.Transport{Proxy: http.ProxyURL(emulator)},
	}
	api := func(host string) (*run.APIService, error) {
		return run.NewService(context.Background(), option.WithEndpoint("http://"+host+"/"), option.WithHTTPClient(behind))
	}
	regional, err := api(region + "-run.googleapis.com")
	if err != nil {
		return nil, err
	}
	global, err := api("run.googleapis.com")
	if err != nil {
		return nil, err
	}
	return &client{
		services: regional.Namespaces.Services,
		located:  global.Projects.Locations.Services,
		pages:    behind,
	}, nil
}

// settled reads until a condition of the newest generation is True.
func (c *client) settled(kind string) (*run.Service, error) {
	for end := time.Now().Add(deadline); ; time.Sleep(20 * time.Millisecond) {
		found, err := c.services.Get(service).Do()
		if err != nil {
			return nil, err
		}
		if found.Status != nil && found.Status.ObservedGeneration == found.Metadata.Generation {
			for _, condition := range found.Status.Conditions {
				if condition.Type == kind && condition.Status == "True" {
					return found, nil
				}
			}
		}
		if time.Now().After(end) {
			return nil, fmt.Errorf("%s is not True after %s: %+v", kind, deadline, found.Status)
		}
	}
}

// serves expects a status and a text of a service's page.
func (c *client) serves(address string, status int, text string) error {
	response, err := c.pages.Get(address)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	page, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode != status || !strings.Contains(string(page), text) {
		return fmt.Errorf("%s answers %d: %s", address, response.StatusCode, page)
	}
	return nil
}

func walk(c *client) {
	step("no service yet: 404", func() error {
		_, err := c.services.Get(service).Do()
		return refused(err, http.StatusNotFound, "NOT_FOUND")
	})

	wanted := &run.Service{
		ApiVersion: "serving.knative.dev/v1",
		Kind:       "Service",
		Metadata:   &run.ObjectMeta{Name: name, Namespace: project},
		Spec: &run.ServiceSpec{Template: &run.RevisionTemplate{
			Spec: &run.RevisionSpec{Containers: []*run.Container{{Image: image}}},
		}},
	}
	step("create", func() error {
		created, err := c.services.Create(parent, wanted).Do()
		if err == nil && created.Metadata.Generation != 1 {
			err = fmt.Errorf("generation %d", created.Metadata.Generation)
		}
		return err
	})
	step("create again: 409", func() error {
		_, err := c.services.Create(parent, wanted).Do()
		return refused(err, http.StatusConflict, "ALREADY_EXISTS")
	})

	var ready *run.Service
	step("ready, then routed", func() (err error) {
		if _, err = c.settled("Ready"); err == nil {
			ready, err = c.settled("RoutesReady")
		}
		return err
	})
	first, address := ready.Status.LatestReadyRevisionName, ready.Status.Url

	step("private: 403", func() error { return c.serves(address, http.StatusForbidden, "") })
	step("public by setIamPolicy at the global host: 200", func() error {
		policy, err := c.located.GetIamPolicy(resource).Do()
		if err != nil {
			return err
		}
		policy.Bindings = append(policy.Bindings, &run.Binding{Role: "roles/run.invoker", Members: []string{"allUsers"}})
		if _, err = c.located.SetIamPolicy(resource, &run.SetIamPolicyRequest{Policy: policy}).Do(); err != nil {
			return err
		}
		_, err = c.located.SetIamPolicy(resource, &run.SetIamPolicyRequest{Policy: policy}).Do()
		if err = refused(err, http.StatusConflict, "ABORTED"); err != nil {
			return err
		}
		return c.serves(address, http.StatusOK, first)
	})

	var stale *run.Service
	step("get, edit, replace with the split", func() (err error) {
		if stale, err = c.services.Get(service).Do(); err != nil {
			return err
		}
		edited, err := c.services.Get(service).Do()
		if err != nil {
			return err
		}
		template := edited.Spec.Template
		if template.Metadata == nil {
			template.Metadata = &run.ObjectMeta{}
		}
		template.Metadata.Name = canary
		template.Spec.Containers[0].Env = []*run.EnvVar{{Name: "RELEASE", Value: "canary"}}
		edited.Spec.Traffic = []*run.TrafficTarget{
			{RevisionName: first, Percent: 90},
			{RevisionName: canary, Percent: 10},
		}
		replaced, err := c.services.ReplaceService(service, edited).Do()
		if err == nil && replaced.Metadata.Generation != stale.Metadata.Generation+1 {
			err = fmt.Errorf("generation %d after %d", replaced.Metadata.Generation, stale.Metadata.Generation)
		}
		return err
	})
	step("a stale replace: 409", func() error {
		stale.Spec.Traffic = []*run.TrafficTarget{{LatestRevision: true, Percent: 100}}
		_, err := c.services.ReplaceService(service, stale).Do()
		return refused(err, http.StatusConflict, "ABORTED")
	})
	step("the split in the status", func() error {
		if _, err := c.settled("Ready"); err != nil {
			return err
		}
		split, err := c.settled("RoutesReady")
		if err != nil {
			return err
		}
		shares := map[string]int64{}
		for _, target := range split.Status.Traffic {
			shares[target.RevisionName] += target.Percent
		}
		if len(shares) != 2 || shares[first] != 90 || shares[canary] != 10 {
			return fmt.Errorf("found %v", shares)
		}
		return nil
	})

	step("delete, then 404", func() error {
		if _, err := c.services.Delete(service).Do(); err != nil {
			return err
		}
		for end := time.Now().Add(deadline); ; time.Sleep(20 * time.Millisecond) {
			_, err := c.services.Get(service).Do()
			if err != nil {
				if err = refused(err, http.StatusNotFound, "NOT_FOUND"); err != nil {
					return err
				}
				return c.serves(address, http.StatusNotFound, "")
			}
			if time.Now().After(end) {
				return fmt.Errorf("still there after %s", deadline)
			}
		}
	})
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: walkthrough http://HOST:PORT")
		os.Exit(2)
	}
	var c *client
	step("connect", func() error {
		emulator, err := url.Parse(os.Args[1])
		if err == nil {
			c, err = connect(emulator)
		}
		return err
	})
	walk(c)
}
