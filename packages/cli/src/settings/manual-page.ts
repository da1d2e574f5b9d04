import { SHOWN_FLAGS } from './flags.js'

/** The manual page in roff, for man(7). @param date - shown in its last line. */
export function writeManualPage(version: string, date: Date): string {
  const flags = SHOWN_FLAGS.map(([name, { short, value, isRepeatable, about }]) => {
    const names = short === undefined ? `\\-\\-${name}` : `\\-${short}, \\-\\-${name}`
    const argument = value === undefined ? '' : ` \\fI${value}\\fR`
    const more = isRepeatable === true ? ' Can be given several times.' : ''
    return `.TP\n\\fB${names.replaceAll(/(?<=\w)-/g, '\\-')}\\fR${argument}\n${toText(`${about}.${more}`)}\n`
  })
  return `.TH COMMON\\-GATEWAY 1 ${date.toISOString().slice(0, 10)} "Common Gateway ${version}"
.SH NAME
common\\-gateway \\- serve a folder and its CGI scripts
.SH SYNOPSIS
.B common\\-gateway
[\\fIfolder\\fR] [\\fIport\\fR] [\\fIoptions\\fR]
.SH DESCRIPTION
Serves the files of a folder, and runs the programs in its cgi\\-bin and htbin.
.SH OPTIONS
${flags.join('')}.SH EXIT STATUS
0 after a signal, 1 if it cannot start, 2 for arguments that make no sense.
.SH SEE ALSO
https://github.com/common\\-gateway/common\\-gateway
`
}

function toText(text: string): string {
  const escaped = text.replaceAll('\\', '\\e').replaceAll('-', '\\-')
  // A dot or an apostrophe at the start of a line begins a request.
  return escaped.replace(/^(?=[.'])/, '\\&')
}
