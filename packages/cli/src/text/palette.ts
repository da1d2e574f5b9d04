/**
 * The colours of all pages of the command, as custom properties. The error page of the gateway and the demo
 * have the same colours in style sheets of their own: test/cli/palette.test.ts compares them.
 */
export const PALETTE = `:root {
  color-scheme: light dark;
  --ink: #1c2422;
  --quiet: #55625f;
  --paper: #fbfaf7;
  --raised: #fff;
  --shade: #f1f0ea;
  --line: #dcdfd9;
  --failure: #a8321f;
  --failure-paper: #fdf0ed;
  --waiting: #805400;
  --accent: #0b6e63;
  --on-accent: #fff;
  --pale: #4d9b90;
  --mono: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ink: #e4e9e6;
    --quiet: #a0ada9;
    --paper: #131817;
    --raised: #1a211f;
    --shade: #1d2523;
    --line: #2f3a37;
    --failure: #ff9c86;
    --failure-paper: #2a1a17;
    --waiting: #f0c062;
    --accent: #6fd1c1;
    --on-accent: #0a1f1b;
    --pale: #2c7368;
  }
}
`
