"""What starts the engines and the services below, and the only one that knows them all?"""
