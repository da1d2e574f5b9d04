/** What `--help` shows: no more than a screen of 80 by 24. */
export const HELP = `Usage: common-gateway [folder] [port] [options]   (* can be given several times)
Serves the files of a folder, and runs the programs in its cgi-bin and htbin.

  -p, --port NUMBER         port to listen on (8000); 0: any that is free
  -b, --bind ADDRESS        address to listen on (127.0.0.1); 0.0.0.0: all
  -d, --directory FOLDER    folder to serve (the one you are in)
      --cgi-dir FOLDER      * folder of scripts in it, or anywhere: /URL=FOLDER
      --scripts .X,.Y       * what ends in these is run, wherever it is
      --script URL=PROGRAM  * program that answers for all that is below a URL
      --files URL=FOLDER    * another folder of files
      --interpreter .X=CMD  * what runs the scripts whose names end in .X
      --index NAME,NAME     * what answers for a folder: index.cgi,index.php
      --env NAME=VALUE      * variable for scripts; NAME alone passes on yours
      --cwd FOLDER, --user NAME   where scripts run (where each is), and as whom
      --max-processes N, --timeout TIME   scripts at once; how long silent
      --auth FILE           lets in whom it names; htpasswd -B writes it
      --tls-cert FILE, --tls-key FILE   serve HTTPS, by HTTP/2 and HTTP/1.1
      --link-root FOLDER, --send .X,.Y  * allow links to it; send such sources
      --trust-proxy ADDRESS,ADDRESS     proxies that say whom a request is from
      --watch-errors WHO, --log FORMAT  WHO: on, off, local; FORMAT: text, json
      --no-status, --config FILE, --print-config   status page; settings
      --version, --help     show the version, or this
`
