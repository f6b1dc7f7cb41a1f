"""SAYS, in Slack: facts in, a message out. Pure: no client, no clock, no settings.

Each view is a function that returns a `Message`: blocks, and a plain text that says the same. You
will not find here who may see it, nor when it is sent.

    model    what views are made from, and the names of buttons, menus and fields
    job      the one card of each job       report, report_restore    what its thread tells
    listing, shown, standing, helping, doctor, answers                what one person is told
    modal    the question before a restore  fallback                  for when Slack says no
    parts, tables    how a message is put together and made to fit
    text, typed, verdict    words: made harmless, as typed in Slack, how a job ended
"""
