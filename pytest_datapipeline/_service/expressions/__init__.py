"""The expression language of field values, `s3://bucket/#{format(@scheduledStartTime, 'YYYY')}`.

`parser` turns a text into a `template`, which is evaluated for each object or run; `functions` and
`values` hold the operators, functions and conversions; `joda` formats dates and `periods` reads
periods such as "15 minutes". Imports `texts` and `clock` alone; any floor above may use it.
"""
