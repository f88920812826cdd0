"""The rules by which phishing and impersonation are known: patterns that all have to be found.

What stands in braces is one of ``WORDS``. All is in small letters, as it is compared.
"""

from __future__ import annotations

from typing import Final

BRANDS: Final = (
    "paypal",
    "microsoft",
    "google",
    "apple",
    "amazon",
    "netflix",
    "docusign",
    "dropbox",
    "facebook",
    "instagram",
    "meta",
    "whatsapp",
    "linkedin",
    "dhl",
    "fedex",
    "ups",
    "usps",
    "irs",
    "hmrc",
    "visa",
    "mastercard",
    "american express",
    "wells fargo",
    "chase bank",
    "bank of america",
    "hsbc",
    "barclays",
    "stripe",
    "coinbase",
    "binance",
    "metamask",
    "resend",
)
"""Names that phishers speak in."""
WORDS: Final = {
    "{secret}": (
        r"(?:password|passcode|pin code|login details|log-in details|credentials|card number|"
        r"card details|cvv|security code|social security number|one-time code|verification code|"
        r"seed phrase|recovery phrase|private key|banking details|bank details)"
    ),
    "{act}": (
        r"\b(?:confirm|verify|click|call|sign in|log ?in|open|pay|update|respond|reply|validate)\b"
    ),
    "{hurry}": (
        r"\b(?:immediately|now|today|urgent(?:ly)?|within \d+|\d+ hours|permanent(?:ly)?|avoid|"
        r"restore|or lose|final notice|failure to)\b"
    ),
    "{departments}": (
        r"security|support|account|billing|fraud|help ?desk|service|verification|safety|payments"
    ),
}
DENIED: Final = (
    r"\b(?:never|not|won't|don't|do not|will not)\b(?: \w+){0,4}? "
    r"(?:ask|share|send|give|tell|enter|reply)[^.!?;]*"
)
"""What says that nobody asks for a secret."""
RULES: Final[dict[str, tuple[str, ...]]] = {
    "asks for a secret": (
        (
            r"\b(?:reply with|respond with|send (?:me|us)|send over|provide|confirm|verify|"
            r"validate|submit|share|text me|tell (?:me|us)|give (?:me|us)|re-?enter)\b"
            r"[^.!?]{0,60}\b{secret}\b"
        ),
    ),
    "threatens an account": (
        (
            r"\b(?:account|mailbox|e-?mail|profile|access|card|subscription|wallet)\b[^.!?]{0,40}"
            r"\b(?:suspended|locked|limited|disabled|restricted|deactivated|terminated|blocked|"
            r"closed|on hold)\b"
        ),
        r"\b(?:verify|confirm|validate|restore|reactivate|unlock|sign in|log ?in|click)\b",
        "{hurry}",
    ),
    "asks for gift cards": (
        r"\b(?:buy|purchase|get|pick up|need)\b[^.!?]{0,40}\bgift ?cards?\b",
        (
            r"\b(?:send (?:me|us|over)|text me|e-?mail me|reply with|pictures? of|scratch|quiet|"
            r"confidential|discreet)\b"
        ),
    ),
    "moves a payment": (
        r"\b(?:new|changed|updated|different)\b[^.!?]{0,40}\b(?:bank|iban|account|wire)\b",
        r"\b(?:invoice|payment|transfer|wire|remittance)s?\b",
        (
            r"\b(?:pay|send|transfer|wire|remit|direct)\b[^.!?]{0,60}"
            r"\b(?:to (?:the|this|our) (?:new|following|updated|account below)|below instead|"
            r"new account|new bank)\b"
        ),
    ),
    "promises money": (
        (
            r"\b(?:you have (?:been selected|won|inherited)|you won|you've won|unclaimed|"
            r"tax refund|lottery|next of kin|inheritance)\b"
        ),
        r"\b(?:claim|processing fee|fee of|bank details|click|release the)\b",
    ),
    "extorts": (
        r"\b(?:recorded you|hacked your|access to your (?:device|camera|webcam))\b",
        r"\b(?:bitcoin|btc|monero|wallet)\b",
    ),
    "speaks in another's name": (
        (
            r"\b(?:this is|i am from|i am with|i'm from|we are|calling from|message from|notice "
            r"from|alert from|on behalf of|regards,?|sincerely,?)\b[^.!?]{0,20}\b(?:{brands})\b"
            r"[^.!?]{0,20}\b(?:{departments})\b"
        ),
        "{act}",
    ),
    "warns of a full mailbox": (
        r"\b(?:mailbox|inbox|e-?mail)\b[^.!?]{0,30}\b(?:quota|storage|full|size limit)\b",
        r"\b(?:click|verify|validate|revalidate|re-validate|upgrade|log ?in|sign in)\b",
        "{hurry}",
    ),
    "asks for a delivery fee": (
        (
            r"\b(?:parcel|package|shipment|delivery)\b[^.!?]{0,60}"
            r"\b(?:held|on hold|could not be delivered|pending|suspended|waiting)\b"
        ),
        r"\b(?:customs|redelivery|handling|unpaid|small)\b[^.!?]{0,12}\b(?:fee|charge|duty)\b",
        r"\b(?:pay|click|confirm|settle)\b",
    ),
    "sells support": (
        r"\b(?:virus|viruses|infected|malware|compromised)\b",
        (
            r"\bcall\b[^.!?]{0,60}\+?\(?[\dloi][\dloi() -]{6,}|toll.?free|remote (?:access|session)"
            r"|anydesk|teamviewer"
        ),
    ),
    "doubles coins": (
        r"\bsend\b[^.!?]{0,30}\b(?:btc|eth|bitcoin|ether|usdt)\b",
        r"\b(?:double|twice|back in return|giveaway)\b",
    ),
}
