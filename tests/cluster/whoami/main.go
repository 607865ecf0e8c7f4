// The back end of the tests: answers every request with what it was asked, as the sample image of
// examples/kubernetes does.
//
//	whoami [--name NAME] [--port PORT]
//
// A request chooses how it is answered: /slow?ms=500 waits first, /status?code=503 has that status,
// /bytes?n=1000000 has that many bytes. After SIGTERM requests that run are finished, for at most
// 30 seconds.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"
)

func number(request *http.Request, name string, otherwise int) int {
	value, err := strconv.Atoi(request.URL.Query().Get(name))
	if err != nil {
		return otherwise
	}
	return value
}

func describe(writer io.Writer, name string, request *http.Request) {
	hostname, _ := os.Hostname()
	fmt.Fprintf(writer, "Name: %s\nHostname: %s\n", name, hostname)
	addresses, _ := net.InterfaceAddrs()
	for _, address := range addresses {
		fmt.Fprintf(writer, "IP: %s\n", strings.Split(address.String(), "/")[0])
	}
	fmt.Fprintf(writer, "RemoteAddr: %s\n", request.RemoteAddr)
	request.Write(writer)
}

func handler(name string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(writer http.ResponseWriter, request *http.Request) {
		writer.Header().Set("Content-Type", "text/plain; charset=utf-8")
		describe(writer, name, request)
	})
	mux.HandleFunc("/slow", func(writer http.ResponseWriter, request *http.Request) {
		select {
		case <-time.After(time.Duration(number(request, "ms", 1000)) * time.Millisecond):
			describe(writer, name, request)
		case <-request.Context().Done():
		}
	})
	mux.HandleFunc("/status", func(writer http.ResponseWriter, request *http.Request) {
		writer.WriteHeader(number(request, "code", http.StatusOK))
		describe(writer, name, request)
	})
	mux.HandleFunc("/bytes", func(writer http.ResponseWriter, request *http.Request) {
		io.CopyN(writer, zeros{}, int64(number(request, "n", 1000)))
	})
	return mux
}

// zeros is read without end.
type zeros struct{}

func (zeros) Read(bytes []byte) (int, error) {
	for i := range bytes {
		bytes[i] = '0'
	}
	return len(bytes), nil
}

func main() {
	name := flag.String("name", "", "the name in answers")
	port := flag.Int("port", 80, "the port")
	flag.Parse()

	server := http.Server{Addr: fmt.Sprintf(":%d", *port), Handler: handler(*name)}
	ended, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	drained := make(chan struct{})
	go func() {
		<-ended.Done()
		bounded, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		server.Shutdown(bounded)
		close(drained)
	}()
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		log.Fatal(err)
	}
	<-drained
}
