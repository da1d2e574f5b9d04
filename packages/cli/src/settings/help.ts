/** The output of `--help`. It fits a screen of 80 by 24. */
export const HELP = `Usage: common-gateway [folder] [port] [options]   (* can be given several times)
Serves the files of a folder, and runs the programs in its cgi-bin and htbin.

  -p, --port NUMBER         port to listen on (8000); 0: any that is free
  -b, --bind ADDRESS        address to listen on (127.0.0.1); 0.0.0.0: all
  -d, --directory FOLDER    folder to serve (the one you are in)
      --cgi-dir FOLDER      * folder of scripts in it, or anywhere: /URL=FOLDER
      --scripts .X,.Y       * run files with these extensions, in any folder
      --script URL=PROGRAM  * program that answers every request below a URL
      --fastcgi .X=SERVER   * run .X, or all below /URL, by php-cgi or HOST:PORT
      --files URL=FOLDER    * another folder of files
      --interpreter .X=CMD  * command that runs scripts with the extension .X
      --index NAME,NAME     * index files of a folder: index.cgi,index.php
      --fallback SCRIPT     answers for what names no file: index.php
      --env NAME=VALUE      * variable for scripts; NAME alone passes on yours
      --cwd FOLDER, --user NAME, --max-processes N, --timeout TIME   of scripts
      --warm                keep interpreters of Python and Perl scripts loaded
      --auth FILE, --tls-cert FILE, --tls-key FILE   users by htpasswd -B; HTTPS
      --link-root FOLDER, --send .X,.Y  * allow links to it; send these sources
      --trust-proxy ADDRESS,ADDRESS     proxies that name the client in a header
      --watch-errors WHO, --log FORMAT  WHO: on, off, local; FORMAT: text, json
      --no-status, --config FILE, --print-config, --version, --help
`
