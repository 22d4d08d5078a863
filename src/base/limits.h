/* Every limit on what comes from outside stands here, so that they can be read side by side.
 * Bytes unless the name says otherwise. The threats they answer are named N.. and L.. in
 * docs/architecture.md. */
#ifndef BASE_LIMITS_H
#define BASE_LIMITS_H

enum {
	/* XML from peers (N12-N15) */
	LIMIT_XML_DEPTH = 32,        /* nested elements, the stream's root counts */
	LIMIT_XML_ATTRS = 32,        /* attributes of one element, without namespaces */
	LIMIT_XML_NAMESPACES = 16,   /* namespace declarations of one element */
	LIMIT_XML_CHILDREN = 512,    /* child elements of one element */
	LIMIT_XML_NS_NAME = 256,     /* one namespace's name */
	LIMIT_XML_NAME = 128,        /* element or attribute name, with its prefix */
	LIMIT_XML_ATTR_VALUE = 4096, /* one attribute's value */
	LIMIT_XML_TAG = 8192,        /* one start tag, from < to > */
	LIMIT_XML_REFERENCE = 64,    /* &name; or &#number; */
	LIMIT_XML_TREE = 4 << 20,    /* memory of one stanza's tree */
	LIMIT_STANZA = 256 * 1024,   /* one stanza, whole */
	LIMIT_STANZA_UNKNOWN = 4096, /* header and stanza before we know who it is */

	/* Streams */
	LIMIT_STREAM_QUEUE = 4 << 20,  /* unsent bytes kept for one stream */
	LIMIT_STREAM_READ = 64 * 1024, /* one read */
	LIMIT_STREAMS_PER_PERSON = 4,
	LIMIT_STREAMS_UNKNOWN =
	    64, /* incoming streams that have not said who they are (N10); ... */
	LIMIT_STREAMS_RESERVED = 16, /* ... of these for addresses where people were verified ... */
	LIMIT_STREAMS_DROP_FROM = 32, /* ... and strangers are turned away by chance from here on */
	LIMIT_STREAMS_LEAVING = 16,   /* streams that lost their place and are not gone yet */
	LIMIT_STREAMS_PER_SOURCE = 4, /* unknown ones of one address, or of one IPv6 /64 */
	LIMIT_SOURCES = 512,          /* addresses whose behaviour is remembered */
	LIMIT_KNOWN_ADDRESSES = 8192, /* where people were last verified */
	LIMIT_HANDSHAKES = 50,        /* TLS handshakes a second with strangers (N11); ... */
	LIMIT_HANDSHAKES_SOURCE = 4,  /* ... with one address, twice as many at once */
	LIMIT_STREAMS = 1024,
	LIMIT_FILES = 2048,      /* descriptors we ask the system for; ... */
	LIMIT_FILES_SPARE = 128, /* ... of those we get, not for streams: store, local socket */

	/* Encryption (N10, N11) */
	LIMIT_CERTIFICATE = 4096, /* a peer's, in DER; what carries it in the handshake as well */
	LIMIT_TLS_WRITE = 64 * 1024,  /* plain bytes given to a session at once */
	LIMIT_TLS_QUEUE = 160 * 1024, /* encrypted bytes of one session that are not yet sent */
	LIMIT_IDENTITY_FILE = 16 * 1024,
	LIMIT_PASSPHRASE = 1024,

	/* Discovery */
	LIMIT_INSTANCE_NAME = 63, /* DNS label */
	LIMIT_HOST_NAME = 253,
	LIMIT_TXT_RECORD = 1300, /* what we accept, and the most that is ever sent */
	LIMIT_TXT_OWN = 400,     /* what we aim to publish (XEP-0174, RFC 6763) */
	LIMIT_TXT_STRING = 255,  /* one key=value */
	LIMIT_TXT_NAME = 64,     /* what we publish of one of first, last, nick, node */
	LIMIT_ENTRIES = 2048,    /* strangers known to discovery at once: random ones go (N8) ... */
	LIMIT_ENTRIES_KEPT = 4096, /* ... and of others, who lose their place to nobody */
	LIMIT_INSTANCES = 8192,    /* names that the helper tells of */
	LIMIT_ADDRESSES = 16,      /* addresses kept for one entry */
	LIMIT_PLACES = 16,         /* (interface, family) pairs kept for one entry */
	LIMIT_FIXED_PEERS = 256,
	LIMIT_AVATAR = 8192,            /* what we publish: one mDNS packet must hold it */
	LIMIT_AVATAR_IN = 65535,        /* what we accept (XEP-0174) */
	LIMIT_RESOLVES = 20,            /* mDNS resolvers in flight */
	LIMIT_MDNS_ANSWERS = 10,        /* a second, to single hosts (N20; embedded responder) */
	LIMIT_RECORD_WATCHES = 2048,    /* mDNS records watched for changes (embedded responder) */
	LIMIT_LOOKUPS = 1024,           /* questions of the daemon to the helper, unanswered */
	LIMIT_HELPER_LINE = 256 * 1024, /* one line from or to the discovery helper */
	LIMIT_HELPER_QUEUE = 8 << 20,   /* unsent bytes kept for the helper */
	LIMIT_MDNS_CACHE = 16384,       /* records, per interface and family (embedded responder) */

	/* Peer layer */
	LIMIT_PEOPLE_GONE = 256,    /* people remembered after they left */
	LIMIT_CANDIDATES = 32,      /* people offered for an ambiguous name */
	LIMIT_ADDRESSES_PROVEN = 4, /* places remembered where somebody proved a key */
	LIMIT_REACH_TRIES = 64,     /* places tried for one key in a row (N3) */
	LIMIT_IQ_PENDING = 64,      /* unanswered requests to one person */
	LIMIT_SEND_WAITING = 16384, /* messages of one person waiting for a stream */
	LIMIT_CAPS_CACHE = 256,     /* verified disco#info results remembered */
	LIMIT_FEATURES = 256,       /* features of one disco#info result */
	LIMIT_PROBES = 8,           /* connections back to those who asked for one, at once ... */
	LIMIT_PROBES_BURST = 4,     /* ... of one person; then one a second */
	LIMIT_MESSAGE_TEXT = 64 * 1024, /* body of a message we send */
	LIMIT_LABEL = 1024,             /* a person's names in a sentence */
	LIMIT_STATUS_TEXT = 128,        /* status line: it must fit into the TXT record */
	LIMIT_NICK = 64,
	LIMIT_VERIFY_TRIES = 3,         /* comparisons of keys an hour, with one person */
	LIMIT_INTRODUCTIONS = 64,       /* of people, not yet accepted: then the oldest goes; ... */
	LIMIT_INTRODUCTIONS_OF = 16,    /* ... of these by one voucher */
	LIMIT_NAME_CHARS = 64,          /* code points of what a person is shown as ... */
	LIMIT_DISPLAY = 4 * LIMIT_NICK, /* ... and bytes of it */

	/* What a stranger may say (N18) */
	LIMIT_STREAMS_STRANGERS = 256, /* open to strangers: then the idlest ends */
	LIMIT_STRANGER_BURST = 64,     /* messages at once: one outbox window; then ... */
	LIMIT_STRANGER_WORDS = 10,     /* ... so many a second: a window is paid in 6.4 s */
	LIMIT_QUIET_BURST = 10,        /* the same where strangers have to be quiet */
	LIMIT_QUIET_WORDS = 1,
	LIMIT_STRANGER_STANZAS_BURST =
	    160, /* the same of all stanzas: typing, receipts, requests */
	LIMIT_STRANGER_STANZAS = 25,
	LIMIT_STRANGER_BYTES = 20 * 1024,   /* a second */
	LIMIT_STRANGER_DEBT = 60 * 1000,    /* ms: who owes more is not waited for any longer */
	LIMIT_STRANGER_NOTICE_SECONDS = 10, /* between two that disturb somebody */
	LIMIT_NOTICES = 3,                  /* a second, for all strangers together */

	/* Outbox of one person */
	LIMIT_OUTBOX_WINDOW = 64,              /* messages sent and not confirmed; ... */
	LIMIT_OUTBOX_WINDOW_BYTES = 40 * 1024, /* ... their bytes, unless it is one message */
	LIMIT_OUTBOX_MARKED = 256,    /* messages that may be sent without asking the store again */
	LIMIT_OUTBOX_LOADED = 1024,   /* messages in memory, the rest is in the store */
	LIMIT_OUTBOX_BYTES = 1 << 20, /* their bytes: no more are loaded beyond that */
	LIMIT_OUTBOX_KEPT = 64,       /* handed over, remembered to be sent again */

	/* Store */
	LIMIT_STANZA_ID = 256, /* id of a stanza that is kept; a longer one is as none */
	LIMIT_TOKEN = 128,     /* a client's token of a message */
	LIMIT_CURSOR_NAME = 64,
	LIMIT_CURSORS = 256,           /* named cursors remembered */
	LIMIT_QUOTE = 160,             /* the beginning of a message that is shown with another */
	LIMIT_HISTORY_PAGE = 1000,     /* messages of one answer */
	LIMIT_HISTORY_BYTES = 3 << 20, /* their text; then the answer is shorter */
	LIMIT_SEARCH_WORDS = 1024,     /* what is searched for */
	LIMIT_REACTION = 256,          /* all reactions of one person to one message */
	LIMIT_FORGOTTEN = 1000000,     /* ids remembered of messages that were forgotten ... */
	LIMIT_FORGOTTEN_DAYS = 90,     /* ... for so many days */
	LIMIT_PEOPLE_KNOWN = 4096, /* people with a history who are known by name while not here; as
				      many whose keys are remembered */
	LIMIT_ADDRESSES_TEXT = 1024, /* where a contact was last, as text */
	LIMIT_TRUST_CHANGES = 10000, /* what became of trust, remembered */

	/* Files sent and received (F1-F6) */
	LIMIT_TRANSFERS = 1024,     /* not final, of everybody; as many final ones are remembered */
	LIMIT_TRANSFERS_OF = 256,   /* not final ones that one person offered */
	LIMIT_TRANSFERS_ACTIVE = 4, /* bytes of so many move at a time, each in a thread */
	LIMIT_TRANSFER_IDLE = 30,   /* seconds without a byte, then the connection ends */
	LIMIT_TRANSFER_CRAWL = 64 * 1024,     /* bytes: who moves less in ... */
	LIMIT_TRANSFER_CRAWL_SECONDS = 60,    /* ... lets go of its turn, if others wait */
	LIMIT_TRANSFER_END = 600,             /* seconds for what is on its way to be taken */
	LIMIT_TRANSFER_CHECKPOINT = 16 << 20, /* what a crash of the receiver may cost again */
	LIMIT_SOCKS5_PENDING = 32,    /* connections that have not said what they are for; ... */
	LIMIT_SOCKS5_SOURCE = 8,      /* ... of these of one address ... */
	LIMIT_SOCKS5_SECONDS = 10,    /* ... and for so long */
	LIMIT_OFFERS_OF = 32,         /* of one person, waiting for an answer of ours */
	LIMIT_OFFERS_STRANGERS = 256, /* not final ones of all strangers together */
	LIMIT_OFFER_DAYS = 7,         /* without a byte, then it is given up */
	LIMIT_FILE_NAME_IN = 1024,    /* the same as it came */
	LIMIT_FILE_TEXT = 1024,       /* media type, description */
	LIMIT_REASON = 256,           /* why a transfer ended, for people */
	LIMIT_THUMBNAIL = 16 * 1024,
	LIMIT_SESSION_ID = 128,      /* what the other side calls a session or bytestream */
	LIMIT_SESSIONS_OF = 64,      /* Jingle sessions with one person */
	LIMIT_STREAMHOSTS = 16,      /* where one side says it can be reached: those looked at */
	LIMIT_IBB_WINDOW = 4,        /* blocks of a bytestream on their way and not confirmed */
	LIMIT_IBB_HELD = 256 * 1024, /* bytes of one that the disk has not taken yet ... */
	LIMIT_IBB_BLOCKS = 64,       /* ... and blocks */

	/* Local socket (L3) */
	LIMIT_FRAME = 1 << 20,  /* one call */
	LIMIT_SENTENCE = 4096,  /* what people are told of an error */
	LIMIT_ANSWER = 4 << 20, /* one answer or event: the people of a big hall fit */
	LIMIT_JSON_DEPTH = 16,
	LIMIT_CLIENTS = 64,
	LIMIT_CLIENT_QUEUE = 8 << 20, /* unsent bytes kept for one client, then it is cut off */
	LIMIT_CLIENT_CALLS = 16384,   /* unanswered calls of one client, then it is not read */
	LIMIT_CLIENT_CALL_BYTES = 8 << 20, /* the same, in bytes of these calls' text */
	LIMIT_CLIENT_READ = 64 * 1024,     /* one read */
	LIMIT_CLIENT_TURN = 64,            /* calls taken from one client before the others' turn */
	LIMIT_CUT_OFF_SECONDS = 30,        /* for who was cut off to read what is left */
	LIMIT_REPLAY_PAGE = 256,           /* events asked of the log at once, for one client */
	LIMIT_REPLAY_QUEUE = 256 * 1024,   /* unsent bytes above which no more of it are queued */
	LIMIT_CLIENT_TOPICS = 32,
	LIMIT_TOPIC = 64,
	LIMIT_CALL_FDS = 16, /* descriptors that come with one call */
	LIMIT_METHOD = 64,   /* a method's name */
	LIMIT_CALL_ID = 128, /* a call's id, as text */

	/* Files to and from old clients (F6) */
	LIMIT_HTTP_HEAD = 8192,          /* a request or an answer, up to its empty line */
	LIMIT_HTTP_FIELDS = 64,          /* of one head */
	LIMIT_HTTP_TARGET = 3072,        /* what is asked for; an address as a whole */
	LIMIT_HTTP_HOST = 63,            /* an address and a port */
	LIMIT_HTTP_CHUNK_LINE = 256,     /* what stands behind a chunk's size */
	LIMIT_HTTP_TRAILER = 4096,       /* fields behind the last chunk */
	LIMIT_HTTP_CLIENTS = 4,          /* of one file, that have not said what they want */
	LIMIT_LISTING = 4 << 20,         /* what is in a folder, as XML */
	LIMIT_LISTING_MEMORY = 16 << 20, /* its paths */
	LIMIT_APPLESINGLE_ENTRIES = 16,
	LIMIT_APPLESINGLE_ASIDE = 16 << 20, /* what is not the file itself */

	/* Files and folders (F1-F4) */
	LIMIT_FILE_NAME = 180,       /* a name that we give to a file */
	LIMIT_TREE_ENTRIES = 200000, /* files and folders in a folder that is sent or received */
	LIMIT_TREE_BYTES = 32 << 20, /* its manifest */
	LIMIT_TREE_DEPTH = 32,       /* folders in each other */
	LIMIT_TREE_PATH = 3072,      /* a path in it */
	LIMIT_NAME_NUMBER = 9999,    /* the last of one name: "name (9999)" */
	LIMIT_KEEP_FREE_PERCENT = 5, /* of the file system that receiving leaves free, or ... */
	LIMIT_KEEP_FREE = 1 << 30,   /* ... this, whichever is more, unless settings differ */
	LIMIT_PORTER_FOLDERS = 64,   /* grants that the porter has at hand */
	LIMIT_PORTER_REQUEST = 64 * 1024, /* one request to it */
	LIMIT_PORTER_WAIT = 2000,         /* ms: the loop thread waits for it no longer */

	/* Files of others */
	LIMIT_USER_DIRS = 16 * 1024, /* xdg-user-dirs' list of the user's folders */
};

#endif
