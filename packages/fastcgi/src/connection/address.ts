/** The address on which an application listens: a Unix socket, or TCP. */
export type Address = { readonly path: string } | { readonly host: string; readonly port: number }
