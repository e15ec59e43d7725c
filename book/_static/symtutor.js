// Code that scrolls must be reachable by keyboard. The theme decides this once, when folded parts still
// measure nothing; look again whenever a part is unfolded.
(function () {
  function mark(box) {
    box.querySelectorAll("pre, .output, .pst-scrollable-table-container").forEach(function (e) {
      if (e.scrollWidth > e.clientWidth || e.scrollHeight > e.clientHeight) e.tabIndex = 0;
    });
  }
  document.addEventListener("toggle", function (event) { mark(event.target); }, true);
  document.addEventListener("click", function (event) {
    var title = event.target.closest(".admonition-title");
    if (title) requestAnimationFrame(function () { mark(title.parentNode); });
  });
})();
