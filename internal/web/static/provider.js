// Goes on by itself: to the provider, and on from it.
"use strict";

const link = document.querySelector("a[data-go]");
if (link) window.location.replace(link.href);

const back = document.querySelector("form[data-go]");
if (back) back.submit();
