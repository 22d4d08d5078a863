/* One error space: negative errno (libuv's values are the same) unchanged, ours from -10000.
 * Any thread. */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#define ERR_MAP(ERR_TEXT) \
	ERR_TEXT(ERR_XML, -10000, "malformed XML") \
	ERR_TEXT(ERR_TOO_BIG, -10001, "limit exceeded") \
	ERR_TEXT(ERR_PROTO, -10002, "the peer broke the protocol") \
	ERR_TEXT(ERR_TRUST, -10003, "the peer is not trusted") \
	ERR_TEXT(ERR_IDENTITY, -10004, "the peer is not who it says it is") \
	ERR_TEXT(ERR_AMBIGUOUS, -10005, "more than one person matches") \
	ERR_TEXT(ERR_ABSENT, -10006, "the person is not here") \
	ERR_TEXT(ERR_UNKNOWN, -10007, "nobody of that name is known") \
	ERR_TEXT(ERR_UNSUPPORTED, -10008, "the peer does not support this") \
	ERR_TEXT(ERR_STREAM_ERROR, -10009, "the peer reported a stream error") \
	ERR_TEXT(ERR_CLOSED, -10010, "the connection was closed") \
	ERR_TEXT(ERR_DAMAGED, -10011, "the file is damaged") \
	ERR_TEXT(ERR_NEWER, -10012, "a newer version of Earshot wrote it") \
	ERR_TEXT(ERR_FSYNC, -10013, "the disk did not confirm that it has what was written") \
	ERR_TEXT(ERR_LATE, -10014, "it is too late for that") \
	ERR_TEXT(ERR_KEY, -10015, "its key is not the one that is known") \
	ERR_TEXT(ERR_KEY_REFUSED, -10016, "it does not accept the key of this side") \
	ERR_TEXT( \
	    ERR_CERTIFICATE, -10017, "its certificate is not one of the kind that is accepted") \
	ERR_TEXT(ERR_LOCKED, -10018, "the passphrase is missing or wrong") \
	ERR_TEXT(ERR_PERMISSIONS, -10019, "others may read or change the file") \
	ERR_TEXT(ERR_SECURITY, -10020, "the peer does not encrypt, which is required") \
	ERR_TEXT(ERR_FLOOD, -10021, "it said far more at once than somebody new may") \
	ERR_TEXT(ERR_CHANGED_SOURCE, -10022, "it changed while it was being sent") \
	ERR_TEXT(ERR_DIFFERS, -10023, "the two copies differ") \
	ERR_TEXT(ERR_FULL, -10024, "too little space would be left") \
	ERR_TEXT(ERR_PORTER, -10025, \
	    "the process that reads and writes files has ended; start the daemon again")

#define ERR_ENUM(name, value, text) name = (value),
enum { ERR_MAP(ERR_ENUM) };
#undef ERR_ENUM

/* The text for an error of either range; never NULL, static storage. */
const char *err_str(int err);

#endif
