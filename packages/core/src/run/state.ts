/**
 * The states of a run, and the next state after each event. A failure (a time-out, a limit, a bad header,
 * `close()`) stops the script in every state but `stopping` and `over`.
 *
 * | state | script, output | output ends | script exits | client disconnects | consumer gets |
 * | --- | --- | --- | --- | --- | --- |
 * | running | runs, open | ending | lingering | stopping, or goes on | data |
 * | lingering | exited, open | over | - | over, or goes on | data |
 * | ending | runs, ended | - | over | stopping, or goes on | nothing yet |
 * | closed | runs, end delivered | - | over | stopping, unless the input is sent | end |
 * | stopping | is stopped after a failure | - | over | - | fail |
 * | over | exited; ended or destroyed | - | - | - | end or fail |
 *
 * "Goes on" is the option `killOnDisconnect: false`: the rest of the output is discarded.
 *
 * | clock | runs in | then |
 * | --- | --- | --- |
 * | request | running, ending, closed | fails |
 * | idle | running, lingering, ending; closed while the input is not sent | fails |
 * | linger | lingering | over |
 * | exit | ending | closed |
 */
export type RunState = 'running' | 'lingering' | 'ending' | 'closed' | 'stopping' | 'over'
