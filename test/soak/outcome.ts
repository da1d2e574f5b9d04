/**
 * What came of a request: its status; `cut`, an answer that ends too soon; `none`, a connection closed
 * without an answer; `left`, a client that did not wait for one; `done`, what is no request.
 */
export type Outcome = `${number}` | 'cut' | 'none' | 'left' | 'done'
