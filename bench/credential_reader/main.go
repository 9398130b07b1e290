// Command credential-reader times how gitlab-runner reads the Docker configuration in the home directory of its
// process before every pull: it opens and reads the file, and calls each credential helper in it. It uses the
// same library: gitlab-runner, helpers/docker/auth/auth.go.
//
//	credential-reader CONFIG RUNS
//
// prints a line for each run: the milliseconds, and the number of registries.
package main

import (
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/docker/cli/cli/config/configfile"
)

func main() {
	runs, err := strconv.Atoi(os.Args[2])
	if err != nil {
		fail(err)
	}
	for range runs {
		started := time.Now()
		registries, err := read(os.Args[1])
		passed := time.Since(started)
		if err != nil {
			fail(err)
		}
		fmt.Printf("%.6f %d\n", float64(passed.Nanoseconds())/1e6, registries)
	}
}

func read(path string) (int, error) {
	file, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	config := configfile.New(path)
	if err := config.LoadFromReader(file); err != nil {
		return 0, err
	}
	found, err := config.GetAllCredentials()
	return len(found), err
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
