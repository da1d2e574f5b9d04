<!doctype html>
<link rel="stylesheet" href="style.css">
<h1>PHP <?= PHP_MAJOR_VERSION ?></h1>
<p>Hello, <?= htmlspecialchars($_GET['name'] ?? 'world') ?>.</p>
