/** What `--help` shows. */
export const HELP = `Usage: common-gateway [folder] [options]

Serves a folder over HTTP: its files as they are, and the programs in its
cgi-bin as CGI scripts. Without a folder, it serves the one you are in.

Options:
  --port NUMBER   the port to listen on (8000); 0 takes any that is free
  --host HOST     the address to listen on (127.0.0.1, which only this machine
                  can reach); 0.0.0.0 opens it to the network
  --help          show this text
  --version       show the version

A script is an executable file: cgi-bin/hello.sh answers at /cgi-bin/hello.sh.
Files whose names begin with a dot are not served, nor what a symbolic link
outside the folder or into its cgi-bin leads to.

Each request is a line on standard output. What scripts write to their standard
error, and why a script failed, is on standard error.

Ctrl-C stops the server once the scripts that run have ended, which they have
ten seconds for. A second Ctrl-C does not wait.

Examples:
  common-gateway
  common-gateway public --port 3000
`
