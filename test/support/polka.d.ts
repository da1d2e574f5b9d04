/** The version before types came with it; this is what the tests use. */
declare module 'polka' {
  import type { RequestListener } from 'node:http'

  export default function polka(): {
    readonly handler: RequestListener
    use(middleware: unknown): unknown
    use(path: string, middleware: unknown): unknown
  }
}
