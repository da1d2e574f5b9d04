<?php
// Reads all of its input and answers with the number of its bytes.
header('Content-Type: text/plain');
$input = fopen('php://input', 'rb');
$count = 0;
while (($piece = fread($input, 65536)) !== false && $piece !== '') $count += strlen($piece);
echo $count, "\n";
