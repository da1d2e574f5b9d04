/** The interpreters that tests start: those of `npm run test:interpreters`, or else Debian's. */
export const PYTHON = process.env['PYTHON'] ?? '/usr/bin/python3'
export const PERL = process.env['PERL'] ?? '/usr/bin/perl'
