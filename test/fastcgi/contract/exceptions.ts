import type { Exception } from '../../contract/exceptions.js'

/** What cannot hold where another program runs the scripts, whatever program that is. */
export const BY_FASTCGI: readonly Exception[] = [
  {
    what: 'The signal that ends a script, and the reason why one cannot be started',
    why: 'END_REQUEST has an exit code only. The client has 502, or the connection is cut.',
    cases: [
      'RES-6 lets the client tell that a script was killed',
      'RES-6 answers 502 where a script was killed before it answered',
      'LIFE-3 answers 500 where a script cannot start, and logs why',
      'LIFE-3 answers 500 where the interpreter of a script may not be run',
      'LIM-3 a script that its user may not run: 500, and the log says why',
      'LIM-3 RES-6 killed by a limit: 502, or the connection destroyed',
      'LOG-2 publishes a run that failed, and why',
      'LOG-2 a request whose script cannot be started has none',
      'LOG-2 counts failed starts and disconnects; a run can be logged',
    ],
  },
  {
    what: 'The end of the output while the script goes on',
    why: 'An answer ends with END_REQUEST: some applications send the empty STDOUT record in the middle.',
    cases: ['LIFE-2 the response ends when the output does'],
  },
  {
    what: 'Arguments of the query, the working directory, commands in `interpreters`',
    why: 'FastCGI has no place for them: `indexQuery` and such commands have no effect, and `cwd` is refused.',
    cases: [
      'ENV-5 makes arguments of a query only when told to',
      "ENV-6 runs a script in its own folder, or in the option's",
      'MAP-6 runs a script by the interpreter of its extension',
    ],
  },
  {
    what: "`chunkedBody: 'stream'`",
    why: 'Applications read as much as CONTENT_LENGTH says, and nothing without it: the option is refused.',
    cases: [
      "BODY-2 passes a chunked body on as it comes with chunkedBody: 'stream'",
      'BODY-4 refuses a chunked body when it has become too large',
    ],
  },
  {
    what: '`cpuTimeLimit`',
    why: 'It would count the time of all requests of a process: it is refused.',
    cases: ['LIM-3 limits and niceness bind a script'],
  },
  {
    what: 'Threads that a start waits for',
    why: 'A connection needs none of the threads of libuv: it is made where a process could not be started.',
    cases: [
      'LIFE-7 a start that hangs is a 504 after headersTimeout, and leaves nothing',
      'LIFE-7 a start that hangs is a 504 after requestTimeout, and leaves nothing',
      'LIFE-7 the slot of a start that hangs is free when its client leaves',
      'LIFE-7 LIFE-4 close() does not wait for a start that hangs',
    ],
  },
  {
    what: 'A header that is too large for a process',
    why: 'An application may take more than a process: 431 is for a variable that does not fit in a record.',
    cases: ['LIFE-3 answers 431 to many fields that no program takes, before all else'],
  },
  {
    what: 'Counts and error pages',
    why: 'They have the application server, too.',
    cases: [
      'Errors JSON for an API client says all that is known',
      'LOG-2 counts',
      'LOG-2 is the message of the channels',
    ],
  },
]

/** What cannot hold, besides, for a program that the gateway has not started. */
export const AT_AN_ADDRESS: readonly Exception[] = [
  {
    what: 'The process ID of the script',
    why: 'It is not known.',
    cases: [
      'LOG-1 logs standard error line by line, with script and pid',
      'LOG-2 publishes a run at its start and at its end',
    ],
  },
  {
    what: '`inheritEnv`, `user`, `group` and the limits of the kernel',
    why: 'They are those of the application, which others start: they are refused.',
    cases: [
      "ENV-3 does not inherit the host's environment",
      'LIM-3 a script runs as another user',
      'LIFE-1 LIM-3 stops a script of another user when its client disconnects',
    ],
  },
]

/** What cannot hold, besides, with fcgiwrap 1.1.0. */
export const WITH_FCGIWRAP: readonly Exception[] = [
  {
    what: 'Output before the whole input has been read',
    why: 'fcgiwrap passes the whole body on before it reads a byte of the output. It answers 502 for a script that does not read it.',
    cases: [
      'BODY-3 a script need not read what it gets',
      'BODY-3 does not wait for a client that sends no more',
      'BODY-6 never takes the rest of a body for a request',
      'RES-8 sends output while the input still arrives',
      'RES-8 sends an early answer of a script at once',
      'RES-2 answers a local redirect with another resource of the application',
      'RES-2 a connection stays in step after a redirect',
      'RES-2 a body that still arrives is received before the redirect is followed',
      'RES-7 keeps the connection in step, and nothing open',
      'LIFE-1 a script that answers early and reads on ends with its client',
      'LIFE-1 a script that reads on after an answer without content ends with its client',
      'LIFE-5 so has one that has sent a body',
      'LIFE-5 one whose body took its time, and is not read, waits for its answer',
      'LIM-1 bodyTimeout: a script that has closed its output and waits for input',
      'LIM-4 a client that is waited for and slow is cut off, and no other',
      'LOG-2 publishes a run at its start and at its end',
    ],
  },
  {
    what: 'The bytes of the header',
    why: 'fcgiwrap ends each line with CRLF.',
    cases: [
      'HDR-1 refuses a header that is none, and says which line and why',
      'HDR-1 bounds the size of a header',
      'Errors a hint for what cannot be seen in the output',
      'Errors text for a client that accepts anything, with the beginning of the output',
    ],
  },
  {
    what: 'No output, or a void line before the header',
    why: 'fcgiwrap answers 502 itself: the log has no reason.',
    cases: [
      'HDR-4 answers 502 where an NPH script writes nothing',
      'RES-1 refuses output that is no response',
      'Errors in production the client gets the status, and no fact about the application',
    ],
  },
  {
    what: 'The exit code of a script, and one that is killed in its answer',
    why: 'fcgiwrap ends every request with exit code 0.',
    cases: [
      'RES-6 serves a response whose script exits with a code, and logs it',
      'LOG-2 a script that fails',
      'RES-6 lets a client of HTTP/1.0 tell, by the only sign there is',
    ],
  },
  {
    what: 'A client that has gone before its process has been started',
    why: 'No script is run then.',
    cases: ['LIFE-5, LIFE-1 so is one that has gone at once, which looks like one that waits'],
  },
  {
    what: 'A child that holds the output open',
    why: 'fcgiwrap waits for its end.',
    cases: ['LIFE-2 does not wait for ever for a child that holds the output open'],
  },
]

/** What cannot hold, besides, with fcgiwrap at an address. */
export const WITH_FCGIWRAP_AT_AN_ADDRESS: readonly Exception[] = [
  {
    what: 'The end of a script whose client has left, or that is too slow',
    why: 'The connection is closed. fcgiwrap notices when the script writes, and does not end the script.',
    cases: [
      'LIFE-1 stops a script and its children when the client goes away',
      'LIFE-1 stops a script that is silent when the client goes away',
      'LIFE-1 stops a script whose turn on the connection has not come',
      'LIFE-1 an NPH response that has to wait for its turn, and never gets it',
      'LIFE-4 close() stops what does not end by itself',
      'BODY-4 stops the script whose body is cut short',
      'LIFE-5, LIFE-1 a client that has gone without a word is found out',
      'LIFE-1, RES-5 stops a script that writes on after its response has ended',
      'LIFE-1 kills what does not stop when asked to',
      'LIM-1 headersTimeout: 504, and the script is stopped',
      'LIM-1 bodyTimeout: the connection is destroyed, and the script stopped',
      'LIM-1 requestTimeout: 504 or destroyed, by whether the header is out',
      'LIM-2 waits in the queue no longer than queueTimeout',
      'LIM-2 a client that leaves the queue leaves a place in it',
    ],
  },
]
