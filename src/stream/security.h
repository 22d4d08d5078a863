/* How private a stream has to be. */
#ifndef STREAM_SECURITY_H
#define STREAM_SECURITY_H

enum stream_security {
	STREAM_PLAIN,         /* encryption is neither asked for nor offered */
	STREAM_OPPORTUNISTIC, /* encrypted if the other side can and wants to */
	STREAM_ENCRYPTED,     /* nothing of the user's goes over it before TLS and SASL are done */
};

#endif
