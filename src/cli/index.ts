#!/usr/bin/env node
console.log("fivewire", process.argv.slice(2).join(" "));
