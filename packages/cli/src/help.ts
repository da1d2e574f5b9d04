/** What `--help` shows: no more than a screen of 80 by 24. */
export const HELP = `Usage: common-gateway [folder] [port] [options]   (* can be given several times)
Serves the files of a folder, and runs the programs in its cgi-bin and htbin.

  -p, --port NUMBER         port to listen on (8000); 0: any that is free
  -b, --bind ADDRESS        address to listen on (127.0.0.1); 0.0.0.0: all
  -d, --directory FOLDER    folder to serve (the one you are in)
      --cgi-dir FOLDER      * folder of scripts in it, or anywhere: /URL=FOLDER
      --interpreter .X=CMD  * what runs the scripts whose names end in .X
      --script URL=PROGRAM  * program that answers for all that is below a URL
      --env NAME=VALUE      * variable for scripts; NAME alone passes on yours
      --cwd FOLDER          where scripts run (the folder that each is in)
      --user NAME           who scripts run as, if you are root
      --max-processes N     scripts at once, per folder (8 for each core)
      --timeout TIME        how long a script may be silent: 30s, 500ms, 2m
      --tls-cert, --tls-key FILE   serve HTTPS, by HTTP/2 and HTTP/1.1
      --watch-errors WHO    who sees why a script failed: on, off, or local
      --no-status           without the page at /.common-gateway/
      --log FORMAT          text or json
      --config FILE         settings (common-gateway.config.js or .json)
      --print-config        show all settings, and where each comes from
      --version, --help     show the version, or this
Exit codes: 0 stopped by you, 1 cannot start, 2 wrong arguments or settings.
`
