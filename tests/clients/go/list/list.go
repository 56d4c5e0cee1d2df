// All services of a project as a table, by Google's client for Go: list http://HOST:PORT
//
// For `cargo xtask bench`.
package main

import (
	"context"
	"fmt"
	"os"

	"google.golang.org/api/option"
	run "google.golang.org/api/run/v1"
)

func main() {
	client, err := run.NewService(context.Background(), option.WithEndpoint(os.Args[1]+"/"), option.WithoutAuthentication())
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	list, err := client.Namespaces.Services.List("namespaces/my-project").Do()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	for _, service := range list.Items {
		ready := ""
		for _, condition := range service.Status.Conditions {
			if condition.Type == "Ready" {
				ready = condition.Status
			}
		}
		labels, notes := service.Metadata.Labels, service.Metadata.Annotations
		fmt.Printf("%-5s  %-14s  %-12s  %-60s  %s\n", ready, service.Metadata.Name,
			labels["cloud.googleapis.com/location"], service.Status.Url, notes["serving.knative.dev/lastModifier"])
	}
}
