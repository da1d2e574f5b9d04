#!/usr/bin/perl
use strict;
use warnings;
use CGI qw(:standard);

my $name = param('name') // '';
print header, start_html('Form'), h1($name), start_form, textfield('name'), submit, end_form, end_html;
