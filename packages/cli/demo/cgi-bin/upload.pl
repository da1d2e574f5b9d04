#!/usr/bin/env perl
# Takes a file from a form and says what came: its name, its size and its SHA-256.
# Nothing is stored. GET shows the form.
use strict;
use warnings;
use Digest::SHA qw(sha256_hex);

my $LIMIT = 10 * 1024 * 1024;

binmode STDIN;

if ($ENV{REQUEST_METHOD} ne 'POST') {
    respond('200 OK', '');
}
elsif (($ENV{CONTENT_LENGTH} // 0) > $LIMIT) {
    respond('413 Content Too Large', '<p role="alert">That is more than 10 MiB.</p>');
}
elsif (my ($name, $content) = read_file()) {
    respond('200 OK', sprintf <<'HTML', escape($name), length $content, sha256_hex($content));
<dl role="status">
<dt>Name</dt><dd>%s</dd>
<dt>Size</dt><dd>%d bytes</dd>
<dt>SHA-256</dt><dd><code>%s</code></dd>
</dl>
HTML
}
else {
    respond('400 Bad Request', '<p role="alert">There is no file in that request.</p>');
}

# The first file of a multipart/form-data body (RFC 7578): its name and its content.
sub read_file {
    my ($boundary) = ($ENV{CONTENT_TYPE} // '') =~ m{^multipart/form-data;.*boundary="?([^";]+)}i
        or return;
    my $length = $ENV{CONTENT_LENGTH} // 0;
    my $body   = '';
    while ((my $left = $length - length $body) > 0) {
        read(STDIN, $body, $left, length $body) or return;
    }
    my $delimiter = qr/(?:^|\r\n)--\Q$boundary\E(?:--)?(?:\r\n|$)/;
    for my $part (split $delimiter, $body) {
        my ($header, $content) = split /\r\n\r\n/, $part, 2;
        next if !defined $content;
        return ($1, $content) if $header =~ /\bfilename="([^"]+)"/i;
    }
    return;
}

sub escape {
    my ($text) = @_;
    my %entity = ('&' => '&amp;', '<' => '&lt;', '>' => '&gt;', '"' => '&quot;', "'" => '&#39;');
    $text =~ s/([&<>"'])/$entity{$1}/g;
    return $text;
}

sub respond {
    my ($status, $answer) = @_;
    print <<"RESPONSE";
Status: $status
Content-Type: text/html; charset=utf-8

<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>An upload</title>
<link rel="icon" href="/icon.svg">
<link rel="stylesheet" href="/style.css">
<main>
<h1>An upload, read by Perl</h1>
$answer
<form method="post" action="upload.pl" enctype="multipart/form-data">
<label>A file, 10 MiB at most <input type="file" name="file" required></label>
<button>Upload</button>
</form>
<p><a href="/">Back to the demo</a></p>
</main>
RESPONSE
}
