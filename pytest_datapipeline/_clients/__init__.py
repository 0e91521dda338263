"""Where the requests of boto3's, botocore's and aiobotocore's clients leave their way.

Here, and nowhere else, are the parts of these libraries that are not public. A request is cut off
before the network, handed to what answers as a `Request`, and its `Reply` or `Failure` goes back as
the client would have got it. This floor may import `_time`, `_service` and `errors`; it is imported
by the fake, the stubber, the server and the plugin, and knows neither double by name.
"""
