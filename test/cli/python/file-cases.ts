import { toListing, toLiteral } from './answer.js'
import { type Case, type Differing, differs, same } from './difference.js'

const HTML = ['text/html', 'text/html; charset=utf-8'] as const
const PLAIN = ['text/plain', 'text/plain; charset=utf-8'] as const

/** Sent by Python's server, and here as if it were not there. */
const hidden = (type: string, body: string): Differing => ({
  status: ['200', '404'],
  type: [type, 'of an error page'],
  body: [body, 'an error page'],
})

/** Found by Python's server, and refused here with this status. */
const refused = (status: string, python = '200', body = 'some notes'): Differing => ({
  status: [python, status],
  ...(python === '200' && { type: ['text/plain', 'of an error page'] }),
  ...(python === '200' && { body: [body, 'an error page'] }),
})

const UTF_8 = 'The `Content-Type` of text'
const SOURCES = 'Scripts outside of `cgi-bin`'
const LISTING = 'The list of a folder'
const DOTFILES = 'Files whose names begin with a dot'
const LINKS = 'Links that lead out of the folder'
const PATHS = 'Paths with `..`, `//` or invalid escapes'
const METHODS = 'Methods other than GET and HEAD, for files'
const PARTS = 'Requests for a part of a file'
const ERROR_PAGES = 'Error pages'
const VERSION = 'The version of HTTP'

/** What is asked of files and folders, and of what is neither. */
export const FILE_CASES: readonly Case[] = [
  same('GET /README'),
  same('GET /picture.svg'),
  same('GET /archive.tar.gz'),
  same('GET /what.unknown'),
  differs(VERSION, 'GET /picture.png', { version: ['HTTP/1.0', 'HTTP/1.1'] }, { read: toLiteral }),
  differs(UTF_8, 'GET /page.html', { type: HTML }),
  differs(UTF_8, 'HEAD /page.html', { type: HTML }),
  differs(UTF_8, 'GET /latin.html', { type: HTML }),
  differs(UTF_8, 'GET /notes.txt', { type: PLAIN }),
  differs(UTF_8, 'GET /notes.txt?query', { type: PLAIN }),
  differs(UTF_8, 'GET /%6eotes.txt', { type: PLAIN }),
  differs(UTF_8, 'GET /With%20blanks%20%26%20%C3%BC.txt', { type: PLAIN }),
  differs(UTF_8, 'GET /style.css', { type: ['text/css', 'text/css; charset=utf-8'] }),
  differs(UTF_8, 'GET /data.json', {
    type: ['application/json', 'application/json; charset=utf-8'],
  }),
  differs(UTF_8, 'GET /code.js', { type: ['text/javascript', 'text/javascript; charset=utf-8'] }),
  differs(SOURCES, 'GET /program.py', {
    ...refused('403', '200', 'print()'),
    type: ['text/x-python', 'of an error page'],
  }),

  differs(UTF_8, 'GET /with-index/', { type: HTML }),
  differs(UTF_8, 'GET /with-htm/', { type: HTML }),
  same('GET /with-index'),
  same('GET /with-index?a=b'),
  same('GET /folder'),
  same('GET /folder?a=b'),
  same('GET /folder/inner/', { read: toListing }),
  same('HEAD /folder/'),
  differs(LISTING, 'GET /folder/', {
    body: [/^<!DOCTYPE HTML>.*Directory listing for/s, /^<!doctype html>.*All files/s],
  }),
  {
    ask: 'GET /folder/',
    read: toListing,
    differences: [
      { row: LISTING, differing: { body: ['.hidden 10.txt 9.txt inner/', 'inner/ 9.txt 10.txt'] } },
    ],
  },

  differs(DOTFILES, 'GET /.hidden', hidden('application/octet-stream', 'hidden')),
  differs(DOTFILES, 'GET /folder/.hidden', hidden('application/octet-stream', '')),
  differs(LINKS, 'GET /link.txt', hidden('text/plain', 'outside')),
  differs(UTF_8, 'GET /same.txt', { type: PLAIN }),

  same('GET /missing'),
  same('GET /missing/'),
  same('GET /page.html/'),
  same('GET /notes.txt%3Fx'),
  differs(
    ERROR_PAGES,
    'GET /missing',
    {
      version: ['HTTP/1.0', 'HTTP/1.1'],
      reason: ['File not found', 'Not Found'],
      type: ['text/html;charset=utf-8', 'text/plain; charset=utf-8'],
      body: [/^Error response Error response Error code: 404 /, '404 Not Found'],
    },
    { read: toLiteral },
  ),
  differs(ERROR_PAGES, 'HEAD /missing', {
    type: ['text/html;charset=utf-8', 'text/plain; charset=utf-8'],
  }),
  differs(PATHS, 'GET //notes.txt', refused('404')),
  differs(PATHS, 'GET /folder/../notes.txt', refused('404')),
  differs(PATHS, 'GET /folder/./9.txt', refused('404', '200', '')),
  differs(PATHS, 'GET /%zz', refused('400', '404')),
  differs(PATHS, 'GET /notes.txt%00', {
    status: ['', '404'],
    type: ['', 'of an error page'],
    body: ['', 'an error page'],
  }),

  differs(METHODS, 'POST /page.html', { status: ['501', '405'] }, { body: 'a=b' }),
  differs(METHODS, 'POST /missing', { status: ['501', '404'] }, { body: 'a=b' }),
  differs(METHODS, 'POST /folder/', { status: ['501', '405'] }, { body: 'a=b' }),
  differs(METHODS, 'PUT /page.html', { status: ['501', '405'] }, { body: 'a=b' }),
  differs(METHODS, 'DELETE /page.html', { status: ['501', '405'] }),

  same('GET /notes.txt', { headers: ['If-Modified-Since: Mon, 06 May 2024 07:08:09 GMT'] }),
  differs(
    UTF_8,
    'GET /notes.txt',
    { type: PLAIN },
    { headers: ['If-Modified-Since: Sat, 06 May 2023 07:08:09 GMT'] },
  ),
  differs(
    PARTS,
    'GET /picture.png',
    { status: ['200', '206'], body: ['png', 'pn'] },
    { headers: ['Range: bytes=0-1'] },
  ),
]
