"""How is certlink run as a module?"""

from certlink.main import main

main()
