"""German."""

from features.decide.phrases.language import Counted, Language

GERMAN = Language(
    code="de",
    decimal=",",
    share="{} %",
    day="%d.%m.%Y",
    last_of_all="und",
    last_of_any="oder",
    templates={
        "overdue": "Es war am {due} fällig.",
        "due_soon": "Es ist am {due} fällig; längeres Warten würde den Termin gefährden.",
        "updated": "Es hat sich geändert, seit Sie es am {done} abgeschlossen haben: Dies ist "
        "Version {version}.",
        "refresher": "Sie haben es schon einmal abgeschlossen; Ihr Können in {faded} ist von "
        "{shown} auf {left} gesunken, verlangt wird {asked}.",
        "gap": "Es dürfte Ihr Können in {skill} von {mastery} auf {expected} heben; verlangt wird "
        "{target}.",
        "gap_goal": "Es dürfte Ihr Können in {skill} von {mastery} auf {expected} heben; Ihr Ziel "
        "{goal} verlangt {target}.",
        "gap_unsure": "Ihr Können in {skill} dürfte mit {mastery} für die verlangten {target} "
        "reichen, aber sicher ist das noch nicht.",
        "gap_way": "Es kommt vor dem, was eine Ihrer Lücken schließt.",
        "fit": "Es ist etwa so schwer, wie es Ihnen am meisten hilft: Ihre Erfolgsaussicht beträgt "
        "{p_success}.",
        "affinity": "Wer einen ähnlichen Lernverlauf hat, hat damit weitergemacht.",
        "affinity_new": "Es ist neu und vermittelt, was zu Ihnen passt.",
        "affinity_role": "Andere in Ihrer Rolle nehmen es am häufigsten.",
        "affinity_popularity": "Es gehört zu den meistgenommenen Modulen.",
        "refresh": "Es frischt {skill} auf, das ohne Übung nachlässt.",
        "urgency": "Es ist bis zum {due} zu erledigen.",
        "urgency_undated": "Es ist vorgeschrieben oder Ihnen zugewiesen.",
        "time": Counted(
            count="minutes",
            one="Mit {minutes} Minute passt es in die {available}, die Sie haben.",
            other="Mit {minutes} Minuten passt es in die {available}, die Sie haben.",
        ),
        "time_part": Counted(
            count="minutes",
            one="Es dauert {minutes} Minute; die {available}, die Sie haben, reichen für einen "
            "Teil.",
            other="Es dauert {minutes} Minuten; die {available}, die Sie haben, reichen für einen "
            "Teil.",
        ),
        "continuity": "Es schließt an das an, was Sie zuletzt gemacht haben.",
        "continuity_under_way": "Sie haben es schon begonnen.",
        "continuity_pathway": "Es ist Ihr nächster Schritt in {pathway}.",
        "continuity_extra": "Es ist ein freiwilliger Zusatz in {pathway}.",
        "boost": "Eine Regel Ihrer Organisation empfiehlt es.",
        "required": "Eine Regel Ihrer Organisation verlangt es von Ihnen.",
        "open": "Es steht Ihnen offen.",
        "locked": "Dafür braucht es {needs}.",
        "locked_on_pathway": "In {pathway} braucht es dafür {needs}.",
        "opens_on": "Ab dem {opens} ist es offen.",
        "need_module": "den Abschluss von {module}",
        "need_skill": "{skill} auf Stufe {level}",
        "need_condition": "die Bedingung {condition}",
        "step_opens": "Es öffnet sich, sobald {needs}.",
        "step_module": "{module} abgeschlossen ist",
        "step_condition": "{condition} gilt",
        "unknown_role": "Die Rolle {role} ist nicht beschrieben, deshalb verlangt sie nichts.",
        "unknown_goal": "Das Ziel {goal} ist keine beschriebene Rolle, deshalb verlangt es nichts.",
        "unknown_format": "Kein Modul hat das Format {format}.",
        "reaches_target": "Sie oder er hat gezeigt, was in {skill} von Ihnen verlangt wird.",
        "ahead": "Sie oder er hat in {skill} deutlich mehr gezeigt als Sie bisher.",
        "same_language": "Sie haben eine gemeinsame Sprache.",
        "same_department": "Sie arbeiten in derselben Abteilung.",
        "same_location": "Sie arbeiten am selben Ort.",
        "nobody_willing": "Niemand, der genannt werden könnte, hat sich zur Hilfe bereit erklärt.",
        "nobody_ahead": "Niemand, der helfen will, hat in {skill} bisher deutlich mehr gezeigt als "
        "Sie.",
        "all_named_often": "Wer in {skill} helfen könnte, wurde zuletzt oft genannt; fragen Sie in "
        "einigen Tagen wieder.",
    },
)
