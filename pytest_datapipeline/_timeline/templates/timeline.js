"use strict";
// Draws the lanes: only what is in the window, again whenever that is moved.
(() => {
  const data = JSON.parse(document.getElementById("events").textContent);
  if (!data.events.length) return;
  const chart = document.getElementById("chart");
  const details = document.getElementById("details");
  const NAMES = 200, HEAD = 40, ROW = 30, MARGIN = 24;
  // How each kind looks: its class, its shape, what is drawn in it, and what it means.
  const SHAPES = {
    circle: "M-6 0a6 6 0 1 0 12 0a6 6 0 1 0 -12 0z", small: "M-3.5 0a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0 -7 0z",
    right: "M-5 -7L7 0L-5 7z", down: "M-7 -5L7 -5L0 7z", diamond: "M0 -7L7 0L0 7L-7 0z",
    slim: "M0 -5L4 0L0 5L-4 0z", square: "M-6 -6H6V6H-6z", cross: "M-5 -5L5 5M-5 5L5 -5",
    glass: "M-6 -7H6L-6 7H6z", warn: "M0 -8L8 6H-8z", eight: "M-3 -7H3L7 -3V3L3 7H-3L-7 3V-3z",
    beat: "M-7 1H-3L-1 -5L2 5L4 1H7", again: "M5 -3A6 6 0 1 0 6 2M6 -7V-2H1", chevrons: "M-6 -5L-1 0L-6 5M1 -5L6 0L1 5",
  };
  const TICK = "M-3 0L-1 3L4 -3", BANG = "M0 -3V1M0 3.6V3.7", STROKE = "M-4 4L4 -4", X = "M-3 -3L3 3M-3 3L3 -3";
  const LOOKS = {
    "enqueue": ["test", "down", "", "the test enqueues"], "ready": ["soft", "circle", "", "waits for a runner"],
    "poll": ["soft", "small", "", "poll without a task"], "hand-over": ["task", "right", "", "hand-over"],
    "acknowledgement": ["", "diamond", "", "acknowledgement"], "report": ["", "slim", "", "report"],
    "heartbeat": ["soft", "beat", "", "heartbeat"], "status": ["", "square", "", "final status"],
    "call": ["", "circle", "", "another call"], "error": ["bad", "cross", "", "refused or given up"],
    "fault": ["bad", "circle", X, "planned fault"], "retry": ["soft", "again", "", "back-off, then again"],
    "lost": ["bad", "right", STROKE, "handed to nobody"], "deadline": ["bad full", "glass", "", "missed deadline"],
    "end": ["", "square", STROKE, "a task has ended"], "clock": ["test", "chevrons", "", "the test moves the clock"],
    "finding": ["bad", "warn", BANG, "finding"], "advice": ["", "warn", "", "advice"],
    "failure": ["bad full", "eight", X, "the test fails"],
    "finished": ["good", "square", TICK, "FINISHED"],
  };
  const WRONG = new Set(data.wrong), QUIET = new Set(data.quiet);
  const events = data.events.map(([when, kind, lanes, text, lasted]) => ({
    when, kind: data.kinds[kind], lanes, text, since: lasted ? when - lasted : null,
  }));
  for (const each of events) {
    each.look = (each.kind === "status" || each.kind === "end") && / is FINISHED/.test(each.text) ? "finished" : each.kind;
  }

  // -- where things are ---------------------------------------------------------------------------
  let zoom = 1, chosen = null, shown = [], rows = [], width = 0, spans = [];

  function fold() {
    shown = [];
    const few = checked("fold") ? 3 : Infinity;
    for (let i = 0; i < events.length;) {
      let j = i;
      while (j < events.length && QUIET.has(events[j].kind)) j++;
      if (j - i > few) {
        shown.push({...events[i], from: i, folded: j - 1 - i, until: events[j - 2].when});
        shown.push({...events[j - 1], from: j - 1, folded: 0});
      } else {
        for (let k = i; k < j; k++) shown.push({...events[k], from: k, folded: 0});
      }
      if (j < events.length) shown.push({...events[j], from: j, folded: 0});
      i = j + 1;
    }
  }

  const checked = (id) => document.getElementById(id).checked;

  // Which lane is in which row; with `seen`, of those lanes alone.
  function arrange(seen) {
    const hidden = (name, lane) => (seen && !seen.has(lane))
      || (name.startsWith("queue ") && !checked("queues")) || (name.startsWith("task ") && !checked("tasks"));
    rows = [];
    let row = 0;
    data.lanes.forEach((name, lane) => { rows[lane] = hidden(name, lane) ? -1 : row++; });
    rows.count = row;
    document.getElementById("extent").style.height = `${HEAD + row * ROW + 8}px`;
  }

  function place() {
    arrange();
    let x = MARGIN, before = null;
    for (const each of shown) {
      if (before !== null) {
        const gap = Math.max(0, (each.since !== null && each.folded ? each.since : each.when) - before) / 1e6;
        each.gap = gap;
        x += zoom * (24 + (gap > 0 ? Math.min(90, 9 * Math.log2(1 + gap)) : 0));
      }
      each.x = x;
      if (each.folded) x += zoom * 60;
      each.end = x;
      before = each.folded ? each.until : each.when;
    }
    width = x + MARGIN + 40;
    // Who holds which task from when on.
    spans = [];
    const open = new Map();
    for (const each of shown) {
      const lane = each.lanes.find((held) => data.lanes[held].startsWith("task "));
      if (lane === undefined) continue;
      if (each.kind === "hand-over") open.set(lane, each);
      else if (["status", "deadline", "end"].includes(each.kind) && open.has(lane)) {
        spans.push([lane, open.get(lane).x, each.x]);
        open.delete(lane);
      }
    }
    for (const [lane, each] of open) spans.push([lane, each.x, x]);
    document.getElementById("extent").style.width = `${NAMES + width}px`;
    shown.forEach((each, index) => {
      each.begins = each.since === null || each.folded ? each.x : at(each.since, index);
    });
  }

  // The place of a moment that an event began at: between its neighbours.
  function at(when, last) {
    let low = 0, high = last;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (shown[middle].when <= when) low = middle + 1; else high = middle;
    }
    if (low === 0) return shown[0].x;
    const left = shown[low - 1], right = shown[low];
    const share = right.when > left.when ? (when - left.when) / (right.when - left.when) : 1;
    return left.end + Math.min(1, Math.max(0, share)) * (right.x - left.end);
  }

  // -- what is drawn ------------------------------------------------------------------------------
  const escaped = (text) => text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
  const moment = (when) => new Date((data.start + when) / 1000).toISOString();
  function lasting(seconds) {
    if (seconds < 0.001) return "";
    if (seconds < 120) return `${Math.round(seconds * 1000) / 1000} s`.replace(/(\.\d)\d+ s/, "$1 s");
    const parts = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];
    const told = [];
    for (const [size, unit] of parts) {
      const number = Math.floor(seconds / size);
      seconds -= number * size;
      if (number) told.push(`${number} ${unit}`);
    }
    return told.slice(0, 2).join(" ");
  }
  function short(text, longest) {
    return text.length <= longest ? text : `${text.slice(0, longest - 13)}…${text.slice(-12)}`;
  }
  function mark(look, x, y, extra = "", label = "") {
    const [style, shape, inside] = LOOKS[look];
    const within = inside ? `<path class="in" d="${inside}"/>` : "";
    return `<g class="mark ${style}" transform="translate(${x} ${y})" ${extra}>${label}<path d="${SHAPES[shape]}"/>${within}</g>`;
  }
  function told(each) {
    if (each.folded) return `${each.folded} quiet events until ${moment(each.until).slice(11, 19)}, the first: ${each.text}`;
    return each.text;
  }

  function draw() {
    const left = chart.scrollLeft, wide = chart.clientWidth;
    const X0 = NAMES - left;
    const seen = (x, end = x) => end + X0 > NAMES - 40 && x + X0 < wide + 40;
    const visible = [];
    shown.forEach((each, index) => {
      if (seen(Math.min(each.begins, each.x), each.end + 60)) visible.push(index);
    });
    const held = spans.filter(([, from, to]) => seen(from, to));
    if (checked("sight")) arrange(new Set([...visible.flatMap((index) => shown[index].lanes), ...held.map(([lane]) => lane)]));
    const top = chart.scrollTop, high = Math.min(chart.clientHeight || 600, HEAD + rows.count * ROW + 8);
    const Y = (lane) => HEAD + rows[lane] * ROW + ROW / 2 - top;
    const under = [], over = [], names = [], axis = [];
    data.lanes.forEach((name, lane) => {
      if (rows[lane] < 0) return;
      const y = Y(lane);
      if (y < -ROW || y > high + ROW) return;
      if (rows[lane] % 2) under.push(`<rect class="band" x="0" y="${y - ROW / 2}" width="${wide}" height="${ROW}"/>`);
      under.push(`<line class="lane" x1="${NAMES}" x2="${wide}" y1="${y}" y2="${y}"/>`);
      const [group, ...rest] = name.split(" ");
      names.push(`<g><title>${escaped(name)}</title><text class="group" x="10" y="${y - 4}">${rest.length ? group : ""}</text>`
        + `<text class="name" x="10" y="${y + (rest.length ? 9 : 4)}">${escaped(short(rest.join(" ") || name, 28))}</text></g>`);
    });
    for (const [lane, from, to] of held) {
      if (rows[lane] < 0) continue;
      under.push(`<line class="holding" x1="${from + X0}" x2="${to + X0}" y1="${Y(lane)}" y2="${Y(lane)}"/>`);
    }
    let labelled = -Infinity, day = "";
    visible.forEach((index) => {
      const each = shown[index];
      const x = each.x + X0, lanes = each.lanes.filter((lane) => rows[lane] >= 0);
      const previous = shown[index - 1];
      if (previous && each.gap > 0 && each.x - previous.end > 50) {
        axis.push(`<text class="soft" text-anchor="middle" x="${(previous.end + each.x) / 2 + X0}" y="34">+${lasting(each.gap)}</text>`);
      }
      if (x - labelled > 62 && (!previous || previous.when !== each.when || labelled === -Infinity)) {
        const [date, time] = moment(each.when).split("T");
        axis.push(`<line class="grid" x1="${x}" x2="${x}" y1="18" y2="${HEAD - 2}"/><text class="soft" x="${x - 3}" y="15">`
          + `${x < NAMES ? "" : `${date !== day ? `${date} ` : ""}${time.slice(0, 8)}`}</text>`);
        labelled = x + (date !== day ? 66 : 0);
        day = date;
      }
      if (each.kind === "clock") under.push(`<line class="moved" x1="${x}" x2="${x}" y1="${HEAD - top}" y2="${high}"/>`);
      if (!lanes.length) return;
      const y = Y(lanes[0]);
      if (each.folded) under.push(`<line class="pause" x1="${x}" x2="${each.end + X0}" y1="${y}" y2="${y}"/>`);
      else if (each.since !== null) under.push(`<line class="held" x1="${each.begins + X0}" x2="${x}" y1="${y}" y2="${y}"/>`);
      if (lanes.length > 1) {
        const ys = lanes.map(Y);
        over.push(`<line class="link" x1="${x}" x2="${x}" y1="${Math.min(...ys)}" y2="${Math.max(...ys)}"/>`);
        for (const other of ys.slice(1)) over.push(`<circle class="dot" cx="${x}" cy="${other}" r="3"/>`);
      }
      const extra = `data-at="${index}" role="img" aria-label="${escaped(`${each.look}: ${told(each)}`)}"`;
      let label = `<title>${escaped(`${moment(each.when).slice(11, 19)} ${told(each)}`)}</title>`;
      if (each.folded) label += `<text x="12" y="-5">× ${each.folded}</text>`;
      if (chosen === each.from) label += `<circle class="ring" r="12"/>`;
      over.push(mark(each.look, x, y, extra, label));
    });
    const svg = `<svg width="${wide}" height="${high}" viewBox="0 0 ${wide} ${high}">${under.join("")}${over.join("")}`
      + `<rect class="cover" x="${NAMES}" y="0" width="${wide}" height="${HEAD}"/>${axis.join("")}`
      + `<rect class="cover" x="0" y="0" width="${NAMES - 12}" height="${high}"/><line class="grid" x1="${NAMES - 12}" x2="${NAMES - 12}" y1="0" y2="${high}"/>`
      + `${names.join("")}<rect class="cover" x="0" y="0" width="${NAMES - 12}" height="${HEAD - 2}"/></svg>`;
    chart.querySelector("svg")?.remove();
    chart.insertAdjacentHTML("afterbegin", svg);
  }

  let waiting = false;
  function redraw() {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => { waiting = false; draw(); });
  }

  // -- what the reader does -----------------------------------------------------------------------
  function tell(each) {
    const lanes = each.lanes.map((lane) => escaped(data.lanes[lane])).join(", ");
    const lasted = each.since === null ? "" : `, since ${moment(each.since).slice(11, 23)} (${lasting((each.when - each.since) / 1e6)})`;
    details.innerHTML = `<p><b>${escaped(LOOKS[each.look][3])}</b> at ${moment(each.when).replace("T", " ").slice(0, 23)}${lasted}</p>`
      + `<p>${lanes}</p><p><code>${escaped(told(each))}</code></p>`;
  }
  function choose(index, move = true) {
    const each = shown[index];
    if (!each) return;
    chosen = each.from;
    tell(each);
    if (move) {
      const wide = chart.clientWidth - NAMES;
      if (each.x < chart.scrollLeft + 60 || each.x > chart.scrollLeft + wide - 60) chart.scrollLeft = each.x - wide / 2;
      const y = rows[each.lanes[0]] * ROW;
      if (y < chart.scrollTop || y > chart.scrollTop + chart.clientHeight - HEAD - ROW) chart.scrollTop = y - 60;
    }
    redraw();
  }
  const place_of_chosen = () => shown.findIndex((each) => each.from === chosen);
  function trouble(step) {
    let index = place_of_chosen();
    if (index < 0) index = step > 0 ? -1 : shown.length;
    for (index += step; index >= 0 && index < shown.length; index += step) {
      if (WRONG.has(shown[index].kind)) return choose(index);
    }
  }
  function set_zoom(value) {
    const middle = (chart.scrollLeft + chart.clientWidth / 2) / width;
    zoom = Math.min(6, Math.max(0.02, value));
    place();
    chart.scrollLeft = middle * width - chart.clientWidth / 2;
    redraw();
  }
  const on = (id, what, act) => document.getElementById(id).addEventListener(what, act);
  on("narrower", "click", () => set_zoom(zoom / 1.5));
  on("wider", "click", () => set_zoom(zoom * 1.5));
  on("all", "click", () => set_zoom(zoom * (chart.clientWidth - NAMES - MARGIN) / width));
  on("before", "click", () => trouble(-1));
  on("after", "click", () => trouble(1));
  on("fold", "change", () => { fold(); place(); redraw(); });
  for (const id of ["queues", "tasks", "sight"]) on(id, "change", () => { place(); redraw(); });
  chart.addEventListener("scroll", redraw);
  chart.addEventListener("wheel", (turn) => {
    if (!turn.ctrlKey) return;
    turn.preventDefault();
    set_zoom(zoom * (turn.deltaY < 0 ? 1.2 : 1 / 1.2));
  }, {passive: false});
  chart.addEventListener("mouseover", (over) => {
    const found = over.target.closest("[data-at]");
    if (found && chosen === null) tell(shown[found.dataset.at]);
  });
  chart.addEventListener("click", (click) => {
    const found = click.target.closest("[data-at]");
    if (found) choose(Number(found.dataset.at), false);
    else { chosen = null; redraw(); }
  });
  chart.addEventListener("keydown", (pressed) => {
    const act = {
      ArrowRight: () => choose(Math.min(shown.length - 1, place_of_chosen() + 1)),
      ArrowLeft: () => choose(Math.max(0, place_of_chosen() - 1)),
      "+": () => set_zoom(zoom * 1.5), "-": () => set_zoom(zoom / 1.5),
      Escape: () => { chosen = null; redraw(); },
    }[pressed.key];
    if (act) { pressed.preventDefault(); act(); }
  });
  addEventListener("resize", redraw);

  const used = new Set(events.map((each) => each.look));
  document.getElementById("legend").innerHTML = Object.keys(LOOKS).filter((look) => used.has(look))
    .map((look) => `<li><svg width="20" height="18">${mark(look, 10, 9)}</svg>${LOOKS[look][3]}</li>`).join("");
  // Of very many tasks, those that nothing happens to are in the way.
  document.getElementById("sight").checked = data.lanes.length > 30;
  fold();
  place();
  chart.style.height = `${Math.min(HEAD + rows.count * ROW + 26, Math.max(320, innerHeight * 0.7))}px`;
  draw();
  // A failed test's reader wants its end.
  if (data.failed) choose(shown.length - 1);
})();
