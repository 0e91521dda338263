"""Pages that tell what ran: the one style, graph and chart that all of them have.

`page` renders with Jinja2, `gantt` and `drawing` place what is drawn, `statuses` says how a status
looks without its colour; `page.css` and `page.html.j2` are the style and the frame. A page is one
file, without scripts, fonts or images from elsewhere. Imports `_service.clock`, `_service.fields`,
`_service.texts` and `errors`, and Jinja2 where a page is made; may be imported by whatever has
something to show.
"""
