package demo

import (
	"errors"
	"flag"
	"fmt"
	"io"
)

// flags are the flags of a program.
type flags struct {
	config string // "": the embedded file
	addr   string
}

// parseFlags writes errors and the usage to output. The error is flag.ErrHelp
// after -help.
func parseFlags(program string, args []string, output io.Writer) (flags, error) {
	var f flags
	set := flag.NewFlagSet(program, flag.ContinueOnError)
	set.SetOutput(output)
	set.Func("config", "configuration `file` (default: emulator, own sessions, and SQLite in ./auth.db)", func(file string) error {
		f.config = file
		if file == "" {
			return errors.New("the file name is empty: name a file, or omit -config")
		}
		return nil
	})
	set.StringVar(&f.addr, "addr", "127.0.0.1:8080", "`host:port` to listen on; port 0 picks a free port")
	if err := set.Parse(args); err != nil {
		return flags{}, err
	}
	if set.NArg() > 0 {
		err := fmt.Errorf("unexpected argument: %s", set.Arg(0))
		fmt.Fprintln(output, err)
		set.Usage()
		return flags{}, err
	}
	return f, nil
}
