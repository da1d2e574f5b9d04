<?php
// 100 MiB in pieces of 64 KiB.
header('Content-Type: application/octet-stream');
$piece = str_repeat("\0", 65536);
for ($count = 0; $count < 1600; $count += 1) echo $piece;
