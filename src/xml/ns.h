/* XML namespaces, one name each. */
#ifndef XML_NS_H
#define XML_NS_H

#define NS_CLIENT      "jabber:client"
#define NS_STREAM      "http://etherx.jabber.org/streams"
#define NS_STREAM_ERR  "urn:ietf:params:xml:ns:xmpp-streams"
#define NS_STANZA_ERR  "urn:ietf:params:xml:ns:xmpp-stanzas"
#define NS_XML         "http://www.w3.org/XML/1998/namespace"
#define NS_TLS         "urn:ietf:params:xml:ns:xmpp-tls"
#define NS_SASL        "urn:ietf:params:xml:ns:xmpp-sasl"
#define NS_XHTML       "http://www.w3.org/1999/xhtml"
#define NS_XHTML_IM    "http://jabber.org/protocol/xhtml-im"
#define NS_X_EVENT     "jabber:x:event"
#define NS_X_OOB       "jabber:x:oob"
#define NS_IQ_OOB      "jabber:iq:oob"
#define NS_DISCO_INFO  "http://jabber.org/protocol/disco#info"
#define NS_DISCO_ITEMS "http://jabber.org/protocol/disco#items"
#define NS_CAPS        "http://jabber.org/protocol/caps"
#define NS_VERSION     "jabber:iq:version"
#define NS_TIME        "urn:xmpp:time"
#define NS_PING        "urn:xmpp:ping"
#define NS_CHAT_STATES "http://jabber.org/protocol/chatstates"
#define NS_RECEIPTS    "urn:xmpp:receipts"
#define NS_ATTENTION   "urn:xmpp:attention:0"
#define NS_DELAY       "urn:xmpp:delay"
#define NS_SID         "urn:xmpp:sid:0"
#define NS_NICK        "http://jabber.org/protocol/nick"

#endif
